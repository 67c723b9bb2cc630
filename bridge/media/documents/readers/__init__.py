"""How each kind of document is read. Only the child imports this."""
