"""The demo gateway over loopback, through the official clients and byte by byte."""
