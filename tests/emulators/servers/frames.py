"""What a script has a server say: streams of chunks, and refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """One response to a request for an answer."""

    content: bytes
    status: int = 200
    kind: str = "text/event-stream"


def delta(finish: str | None = None, more: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """A chunk with these `fields` in its delta, and `more` beside its choices."""
    data = {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}], **(more or {})}
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def chunk(content: str, **more: Any) -> bytes:
    return delta(content=content, more=more)


DONE = b"data: [DONE]\n\n"
END = delta("stop") + DONE


def streamed(*frames: bytes) -> Reply:
    return Reply(b"".join(frames))


def refusal(status: int, body: Any) -> Reply:
    return Reply(json.dumps(body, ensure_ascii=False).encode(), status, "application/json")


NO_LIST = refusal(404, {"detail": "Not Found"})
"""Of a server without a list of models."""
