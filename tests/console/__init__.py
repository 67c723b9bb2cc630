"""The console channel in a real pseudo-terminal."""
