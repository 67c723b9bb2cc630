"""The tunnel's note, tried: its own commands, a real sshd, two machines with a wire between them."""
