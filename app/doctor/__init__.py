"""Finding out why a client does not reach a server, and saying what to do about it."""
