"""Pure values and rules: what the gateway decides. Nothing here opens, sleeps, logs or asks the time."""
