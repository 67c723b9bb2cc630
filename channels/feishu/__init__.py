"""Feishu and Lark: one app's long connection in, streaming cards out. The rest is imported when it is opened."""

from channels.feishu.settings import Settings

__all__ = ["Settings"]
