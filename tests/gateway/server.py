"""A server that says exactly these bytes, and a few words for reading completions in tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bridge.errors import GatewayError
from bridge.gateway import Completion, Gateway
from bridge.types import ChatMessage, ModelId

HELLO = [ChatMessage.user("Why is the sky blue?")]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
DONE = b"data: [DONE]\n\n"

Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(*replies: Reply | bytes) -> AsyncIterator[str]:
    """A server whose connections are answered by `replies` in turn, the last one over and over; yields its URL."""
    queue = list(replies)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            if isinstance(reply, bytes):
                writer.write(reply)
                await writer.drain()
            else:
                await reply(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def chunk(content: str = "", finish: str | None = None, **more: Any) -> bytes:
    """One frame of the chat dialect."""
    data = {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}], **more}
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def ask(gateway: Gateway, model: str = "fake-openai:ok", question: str = "") -> Completion:
    messages = [ChatMessage.user(question)] if question else HELLO
    return gateway.stream(ModelId.parse(model), messages)


async def hear(completion: Completion) -> tuple[list[str], GatewayError | None]:
    """Every piece, and the error that came after them."""
    pieces: list[str] = []
    try:
        async for piece in completion:
            pieces.append(piece)  # noqa: PERF401 - what came before an error counts
    except GatewayError as error:
        return pieces, error
    return pieces, None


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
