"""Signals, where the system and the thread we run in allow to catch them."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` for each SIGINT."""
    with _caught(signal.SIGINT, act):
        yield


@contextmanager
def on_termination(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` for each SIGTERM, and when the terminal is closed; unless somebody has taken care of it already."""
    with ExitStack() as stack:
        for number in [signal.SIGTERM] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGHUP]:
            if signal.getsignal(number) is signal.SIG_DFL:
                stack.enter_context(_caught(number, act))
        yield


@contextmanager
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
