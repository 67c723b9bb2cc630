"""An MCP server as a child process: JSON-RPC, one message a line, with bounds on what it may write.

The `mcp` package has a transport like it, which reads a line of any length and knows no limits of the child.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bridge.mcp.configured import ConfiguredServer

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

log = structlog.get_logger(__name__)

MAX_LINE_BYTES = 12_000_000
"""Of one message; a result with a picture in Base64 is one line. A child that writes a longer one is ended."""
END_SECONDS = 2.0
"""Given to a child to end by itself once its input is closed, and again once it has been asked to end."""
MAX_ERROR_BYTES = 8192
"""Of its error output, as much as may say why it ended."""
LAST_WORDS_SECONDS = 0.5
"""For the rest of its error output, which what it has started may hold open."""
_INHERITED = ("HOME", "LOGNAME", "PATH", "SHELL", "USER", "LANG", "TMPDIR", "SYSTEMROOT", "APPDATA", "USERPROFILE")
"""Variables that a child gets; none of the bridge's own, which hold secrets."""


class LastWords:
    """The end of what a child writes to its error output; no more of it is kept."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, written: bytes) -> None:
        self._kept = (self._kept + written)[-MAX_ERROR_BYTES:]

    def last_line(self, secrets: Iterable[str]) -> str:
        """What it wrote last, as one line without control characters and without `secrets`; empty for nothing."""
        lines = [line.strip() for line in self._kept.decode(errors="replace").splitlines() if line.strip()]
        said = lines[-1] if lines else ""
        for secret in secrets:
            said = said.replace(secret, "[secret]")
        return "".join(each for each in said if each.isprintable())


@asynccontextmanager
async def child_streams(server: ConfiguredServer, errors: LastWords) -> AsyncIterator[TransportStreams]:
    """The streams of a session with a child that runs while inside; `errors` gets its error output.

    Raises OSError.
    """
    import anyio
    from mcp import types
    from mcp.shared.message import SessionMessage

    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | dict(server.env)
    launcher = str(Path(__file__).with_name("launcher.py"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", launcher, str(os.getpid()), server.command, *server.args),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=server.folder or None,
        env=environment,
        limit=MAX_LINE_BYTES,
        start_new_session=True,
    )
    to_session, from_child = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_child, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr

    async def read() -> None:
        async with to_session:
            try:
                while line := await stdout.readline():
                    with suppress(ValueError):  # what a server prints beside its messages
                        await to_session.send(SessionMessage(types.jsonrpc_message_adapter.validate_json(line)))
            except ValueError:
                log.warning("tool server wrote too long a line", server=server.name)
                _signal(process, signal.SIGKILL)
            except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
                pass

    async def overhear() -> None:
        while written := await stderr.read(MAX_ERROR_BYTES):
            errors.add(written)

    async def write() -> None:
        try:
            async with from_session:
                async for message in from_session:
                    said = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                    stdin.write(said.encode() + b"\n")
                    await stdin.drain()
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            await to_session.aclose()

    tasks = [asyncio.create_task(read()), asyncio.create_task(write())]
    overhearing = asyncio.create_task(overhear())
    try:
        yield from_child, to_child
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.shield(_end(process))
        await asyncio.wait([overhearing], timeout=LAST_WORDS_SECONDS)
        overhearing.cancel()
        for stream in (from_child, to_child, to_session, from_session):
            stream.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, then ask it and what it has started to end, then kill them."""
    if process.stdin is not None:
        process.stdin.close()
    for how in (None, signal.SIGTERM, signal.SIGKILL):
        if how is not None:
            _signal(process, how)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
                break
    _signal(process, signal.SIGKILL)  # what it left behind in its group


def _signal(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, how)
