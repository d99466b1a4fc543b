"""Measurements side by side: `make bench`. Never timed tests; they run by themselves and print a table and JSON."""
