"""The control plane under /_emulator, where Azure can never have a path."""
