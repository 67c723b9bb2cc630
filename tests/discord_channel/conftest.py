"""discord.py still imports audioop, which Python 3.11 and 3.12 call deprecated; elsewhere a warning is an error."""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord  # noqa: F401
