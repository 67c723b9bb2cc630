"""The MCP servers of one's own, as every MCP client has them in a file: ``{"mcpServers": {"name": {...}}}``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bridge.mcp import ConfiguredServer
from bridge.tools.tool import BUILT_IN

MAX_SERVERS = 20
_NAME = re.compile(r"[^\x00-\x20/:]{1,40}")


def read_servers(path: Path) -> list[ConfiguredServer]:
    """Return the servers in the file at `path`. Raises ValueError with a sentence that holds nothing of its content."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is not JSON") from None
    servers = found.get("mcpServers", found.get("servers")) if isinstance(found, dict) else None
    if not isinstance(servers, dict):  # what is wrong is a value in a file
        raise ValueError(  # noqa: TRY004
            f'{path} has no servers; write {{"mcpServers": {{"name": {{"command": "..."}}}}}}'
        )
    if len(servers) > MAX_SERVERS:
        raise ValueError(f"{path} has more than {MAX_SERVERS} servers")
    return [_server(name, entry) for name, entry in servers.items() if not _is_off(entry)]


def _is_off(entry: Any) -> bool:
    return isinstance(entry, dict) and (entry.get("disabled") is True or entry.get("isActive") is False)


def _server(name: str, entry: Any) -> ConfiguredServer:
    if not _NAME.fullmatch(name) or name == BUILT_IN:
        raise ValueError(f"{name!r} is no name of a server: up to 40 characters, no spaces, slashes or colons")
    entry = entry if isinstance(entry, dict) else {}
    command, url = entry.get("command", ""), entry.get("url") or entry.get("baseUrl") or ""
    args, env, headers = entry.get("args", []), entry.get("env", {}), entry.get("headers", {})
    texts = [command, url, *(args if isinstance(args, list) else [None])]
    if not all(isinstance(text, str) for text in texts) or not (_is_texts(env) and _is_texts(headers)):
        raise ValueError(
            f"the server {name!r}: command and url are texts, args a list, env and headers objects of texts"
        )
    if bool(command) == bool(url):
        raise ValueError(f"the server {name!r} needs a command or a url, and not both")
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ValueError(f"the url of the server {name!r} is no address; write for example http://127.0.0.1:8000/mcp")
    return ConfiguredServer(name, command, tuple(args), env, url, headers)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
