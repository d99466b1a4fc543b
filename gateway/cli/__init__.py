"""The command line: what people at the host ask of the gateway, and how it is shown to them."""
