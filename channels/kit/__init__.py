"""What every adapter needs and none should write again. It knows no platform, and of the bridge only the contract."""
