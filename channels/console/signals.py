"""Signals, where the system and the thread we run in allow to catch them."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` for each SIGINT."""
    yield from _caught(signal.SIGINT, act)


@contextmanager
def on_termination(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` for each SIGTERM, unless somebody has taken care of it already."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        yield from _caught(signal.SIGTERM, act)
    else:
        yield


def _caught(number: signal.Signals, act: Callable[[], None]) -> Iterator[None]:
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, before = asyncio.get_running_loop(), signal.getsignal(number)
    loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)
        signal.signal(number, before)
