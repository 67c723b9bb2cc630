"""A TCP proxy on loopback between the bridge and whatever it talks to, which cuts, stalls and swallows on order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self

CHUNK_BYTES = 1 << 16


class Proxy:
    """Used with ``async with``; `port` is given by the system. `target` tells the port behind it at each connection."""

    def __init__(self, target: Callable[[], int]) -> None:
        self.port = 0
        self.carried = 0
        """Bytes of answers since the start."""
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._up.set()
        self._down.set()
        self._lost_answers = 0
        self._left: int | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def live(self) -> int:
        """Connections that are open now."""
        return len(self._writers) // 2

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def lose_answers(self, count: int) -> None:
        """Swallow the next `count` pieces that come from behind, and reset their connections: after the effect."""
        self._lost_answers += count

    def cut_after(self, count: int) -> None:
        """Let `count` more bytes come from behind, then reset the connection that they came by."""
        self._left = count

    def hold_answers(self) -> None:
        """What is asked goes through; what is answered waits until `flow`."""
        self._down.clear()

    def stall(self) -> None:
        """Nothing goes through in either direction until `flow`; connections stay open."""
        self._up.clear()
        self._down.clear()

    def flow(self) -> None:
        self._up.set()
        self._down.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._join(reader, writer)
        except asyncio.CancelledError:
            pass  # the proxy ends; asyncio's server would report it as a failure
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind, forward = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            return
        pair = {writer, forward}
        self._writers |= pair
        ended = False
        try:
            pumps = [
                asyncio.create_task(self._pump(reader, forward, self._up, answers=False)),
                asyncio.create_task(self._pump(behind, writer, self._down, answers=True)),
            ]
            try:
                done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                ended = all(pump.result() for pump in done)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.wait(pumps)
        finally:
            self._writers -= pair
            for each in pair:
                if ended:
                    each.close()
                else:
                    each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event, *, answers: bool
    ) -> bool:
        """Return whether it ended by itself."""
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await flowing.wait()
                self.carried += len(data) if answers else 0
                if answers and self._lost_answers:
                    self._lost_answers -= 1
                    return False
                if answers and self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                    if self._left < 0:
                        self._left = None
                        writer.write(data)
                        await asyncio.sleep(0.01)  # what is written goes out before the reset overtakes it
                        return False
                writer.write(data)
                await writer.drain()
            return True
        return False
