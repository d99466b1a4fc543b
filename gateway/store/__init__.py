"""Disk and database: the only place where bytes and records are kept."""
