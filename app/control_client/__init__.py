"""The pieces of the control plane's client: its connection, and a file for each group of calls."""
