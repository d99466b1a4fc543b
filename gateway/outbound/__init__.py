"""The ways out: notices by SMTP, drops into folders."""
