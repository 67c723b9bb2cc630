"""What can be wrong with a set-up, as checks: each looks at one thing and yields what it found, and what to do next.

Checks run side by side; none may keep the others waiting, and none may take long. They only look: nothing is
changed, no message is sent, and no secret is in what they say.
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

LIMIT = 10.0
"""Seconds to the next diagnostic of a check."""


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
    """Put what the check finds into `queue`, whatever becomes of it, and None at the end."""
    diagnostics = check()
    try:
        with suppress(StopAsyncIteration):
            while True:
                async with asyncio.timeout(LIMIT):
                    diagnostic = await anext(diagnostics)
                queue.put_nowait(diagnostic)
    except TimeoutError:
        queue.put_nowait(words.too_slow.found("wrong", area, seconds=LIMIT))
    except Exception as fault:
        log.exception("check failed", check=area)
        queue.put_nowait(words.crashed.found("wrong", area, why=type(fault).__name__))
    finally:
        queue.put_nowait(None)
