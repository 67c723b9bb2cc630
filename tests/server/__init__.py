"""The gateway over loopback: official clients before it, scripted providers behind it."""
