"""Logs: one line an event, JSON unless they go to a terminal, and never a secret in any of them.

Redaction happens here and nowhere else: every record of every library passes through `redact` on its way out,
with its traceback.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from structlog.typing import Processor

HIDDEN = "[hidden]"
_PATTERNS = re.compile(
    r"\d{6,}:[A-Za-z0-9_-]{30,}"  # a Telegram bot's token, also inside an address
    r"|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"  # a Discord bot's
    r"|(?:cs-)?sk-[A-Za-z0-9_-]{16,}"  # a gateway's or a provider's key
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"
    r"|(?<=://)[^/@\s:]*:[^/@\s]+(?=@)"  # the password in a Redis address
)
_QUIET = ("httpx", "httpcore", "telegram", "discord", "aiohttp", "asyncio", "hypercorn")

_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """From now on, replace these values wherever text is redacted, whatever they look like. Short ones are passed
    over: words would be lost to them."""
    _known.update(secret for secret in secrets if len(secret) >= 6)


def redact(text: str) -> str:
    """Return `text` with `HIDDEN` in place of all that looks like, or is known to be, a secret."""
    for secret in _known:
        text = text.replace(secret, HIDDEN)
    return _PATTERNS.sub(HIDDEN, text)


def configure(level: str = "info", stream: TextIO | None = None, *, process: int = 0) -> None:
    """Send every log, ours and the libraries', through one renderer to `stream`, or to stderr.

    Each line carries the number `process`, unless that is 0.
    """
    import structlog  # it is not needed by the commands that log nothing

    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=not stream.isatty()),
        structlog.processors.format_exc_info,
    ]
    if process:
        shared.append(lambda _logger, _name, event: {**event, "process": process})
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    out = logging.StreamHandler(stream)
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redacted, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level.upper())
    # At debug these libraries write whole requests, people's words among them.
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _redacted(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _value(value) for key, value in event.items()}


def _value(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | type(None)) else redact(str(value))
