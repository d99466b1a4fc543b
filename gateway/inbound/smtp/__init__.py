"""The email door: sessions, senders, messages."""
