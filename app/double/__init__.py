"""What a test has in its hands besides a running server: credentials, clients, environments."""
