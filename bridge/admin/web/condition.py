"""How the gateway and the channels are, found out by doctor's own checks, at most every few seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import structlog

from bridge.diagnostics import Diagnostic

log = structlog.get_logger(__name__)

FRESH_SECONDS = 15.0
"""Seconds for which a result is shown before the check runs again."""
PATIENCE_SECONDS = 0.2
"""The longest that a page waits for a result; it is shown when it is there."""

Find = Callable[[], AsyncIterator[Diagnostic]]


class Conditions:
    """Results by the name of what was looked at, and by language."""

    def __init__(self) -> None:
        self.followers = 0
        """Pages that receive events."""
        self._found: dict[tuple[str, str], tuple[float, list[Diagnostic]]] = {}
        self._looking: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def of(self, name: str, language: str, find: Find) -> list[Diagnostic] | None:
        """Return the last result; None where there is none yet. An old one is renewed meanwhile."""
        key = (name, language)
        at, found = self._found.get(key, (0.0, None))
        if time.monotonic() - at > FRESH_SECONDS or found is None:
            if key not in self._looking:
                self._looking[key] = asyncio.create_task(self._look(key, find))
            if found is None:
                await asyncio.wait([self._looking[key]], timeout=PATIENCE_SECONDS)
        return self._found.get(key, (0.0, None))[1]

    async def _look(self, key: tuple[str, str], find: Find) -> None:
        try:
            found = [diagnostic async for diagnostic in find()]
        except Exception:
            log.exception("not found out", what=key[0])
        else:
            self._found[key] = time.monotonic(), found
        finally:
            del self._looking[key]

    async def close(self) -> None:
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
