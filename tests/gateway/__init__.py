"""The gateway's client against the gateway emulator, and against servers that behave worse."""
