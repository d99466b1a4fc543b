"""The SFTP door: protocol, sessions, the portal a person sees."""
