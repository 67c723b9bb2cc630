"""`cherry-bridge gateway`: run the gateway, and look after its providers, its keys and what they use."""
