"""Chat in Telegram, Discord and Feishu with every model your Cherry Studio can reach."""

__version__ = "0.1.0"
