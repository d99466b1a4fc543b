"""The doors: each turns a protocol's own objects into our Envelope."""
