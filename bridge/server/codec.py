"""JSON to bytes and back, whatever people and providers put into it."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def encode(data: Any) -> bytes:
    """JSON. Half of a surrogate pair, which UTF-8 cannot hold, is escaped."""
    try:
        return msgspec.json.encode(data)
    except UnicodeEncodeError:
        return json.dumps(data, separators=(",", ":")).encode()


def decode(data: bytes) -> Any:
    """The JSON in `data`. Raises ValueError."""
    try:
        return msgspec.json.decode(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            return json.loads(data.decode(errors="replace"))  # it takes NaN and lone surrogates
        except RecursionError:
            raise ValueError("nested too deeply") from None
