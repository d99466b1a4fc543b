"""SQLite as the ledger uses it: SQL by name, connections, the threads they live in. Knows no file and no person."""
