"""The database: tables, queries by noun, connections and migrations."""
