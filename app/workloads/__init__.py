"""What can be protected, one file per kind, and the table of them."""
