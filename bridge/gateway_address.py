"""The gateway's address, read from what people paste: with or without scheme, route or blanks.

The settings read it without the gateway's client, which takes an HTTP library along.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

DEFAULT_PORT = 23333
"""The port on which Cherry Studio listens by default."""

_ROUTE = re.compile(r"/(?:v1(?:beta)?|api-docs|openapi|health)(?:[./].*)?$")


def base_url(text: str) -> str:
    """The gateway's root without a trailing slash: ``http://127.0.0.1:23333``.

    A host alone gets the scheme http and the gateway's own port; a known route (``/v1/chat/completions``) is cut
    off, any other path is kept, for gateways behind a reverse proxy. Raises ValueError with a sentence for the
    reader.
    """
    # NFKC turns the colons, dots and slashes of Chinese keyboards into ASCII's.
    pasted = unicodedata.normalize("NFKC", text).strip().strip("'\"<>`").strip()
    if not pasted:
        raise ValueError(f"the gateway's address is empty; write for example http://127.0.0.1:{DEFAULT_PORT}")
    error = f"{pasted!r} is not an address of a gateway; write for example http://127.0.0.1:{DEFAULT_PORT}"
    bare = "://" not in pasted
    if any(map(str.isspace, pasted)):
        raise ValueError(error)
    try:
        parts = urlsplit(f"http://{pasted}" if bare else pasted)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(error) from None
    if "@" in parts.netloc:
        raise ValueError("the gateway's address must hold no user name or password; the key has a setting of its own")
    if parts.scheme not in {"http", "https"} or not host or port == 0 or host.endswith(":"):
        raise ValueError(error)
    if bare and port is None and not parts.path.strip("/"):
        port = DEFAULT_PORT
    where = f"[{host}]" if ":" in host else host
    path = _ROUTE.sub("", parts.path.rstrip("/")).rstrip("/")
    return f"{parts.scheme}://{where}{f':{port}' if port else ''}{path}"
