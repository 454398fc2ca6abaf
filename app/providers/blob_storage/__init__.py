"""Azure Blob Storage, as much of it as it takes to read what restores have written."""
