"""What the command line's commands do, each in a module of its own."""
