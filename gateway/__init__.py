"""The school file gateway: confidential files between schools and their local authority."""

__version__ = "0.1.0"
