"""What can be wrong with a set-up, as checks: each examines one thing and yields what it found, and how to fix it.

Checks run side by side; none may keep the others waiting, and none may take long. They change nothing, send no
message, and put no secret into a diagnostic.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress

import structlog

from bridge.diagnostics import Diagnostic
from bridge.words.shell import DoctorWords

log = structlog.get_logger(__name__)

Check = Callable[[], AsyncIterator[Diagnostic]]

MAX_SECONDS = 10.0
"""The longest that a check may take to its next diagnostic."""


async def examine(checks: Mapping[str, Check], words: DoctorWords) -> AsyncIterator[Diagnostic]:
    """Run all checks at once; their results come in the checks' order, each as soon as those before it are known."""
    queues = {area: asyncio.Queue[Diagnostic | None]() for area in checks}
    tasks = [asyncio.create_task(_fill(queues[area], area, check, words)) for area, check in checks.items()]
    try:
        for queue in queues.values():
            while (diagnostic := await queue.get()) is not None:
                yield diagnostic
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _fill(queue: asyncio.Queue[Diagnostic | None], area: str, check: Check, words: DoctorWords) -> None:
    """Put the diagnostics of `check` into `queue`, one more if it fails or takes too long, and None at the end."""
    diagnostics = check()
    try:
        with suppress(StopAsyncIteration):
            while True:
                async with asyncio.timeout(MAX_SECONDS):
                    diagnostic = await anext(diagnostics)
                queue.put_nowait(diagnostic)
    except TimeoutError:
        queue.put_nowait(words.too_slow.found("wrong", area, seconds=MAX_SECONDS))
    except Exception as error:
        log.exception("check failed", check=area)
        queue.put_nowait(words.crashed.found("wrong", area, why=type(error).__name__))
    finally:
        queue.put_nowait(None)
