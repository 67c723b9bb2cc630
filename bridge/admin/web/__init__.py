"""The page for the person who runs the bot: HTML made here, a little script, nothing from elsewhere.

It is imported only where it is on. Everything that it shows comes from the store, so it is the same in every process.
"""

from bridge.admin.web.server import page
from bridge.admin.web.site import Site

__all__ = ["Site", "page"]
