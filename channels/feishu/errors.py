"""The one place where Feishu's error codes become our exceptions. A code means the same under every HTTP status."""

from __future__ import annotations

import re
from collections.abc import Mapping

import aiohttp

from bridge.errors import ChannelError, Gone, RateLimited, Refused, TooLong, Unsure

BAD_TOKEN = frozenset({99991661, 99991663, 99991664, 99991665, 99991668, 99991677})
"""The access token is missing, unknown or expired: a new one is needed (generic error codes page)."""
STREAM_CLOSED = frozenset({200850, 300309})
"""A card's streaming mode has timed out, or is off (cardkit-v1/card-element/content)."""
OUT_OF_ORDER = 300317
"""A card's sequence did not rise (the same page)."""

INVALID = 230001
"""A parameter is invalid: the message to reply to, for one."""

_RETRY_AFTER_SECONDS = {99991400: 1.0, 230020: 0.5, 11232: 5.0, 200810: 1.0}
"""Codes that ask for patience, and for how long where no header says it. 200810: a person is pressing a button."""
_BEING_SENT = 230049
_CHAT_GONE = frozenset({230002, 230013, 230019, 232009})
"""Not in the chat, the person is out of the app's reach, no such topic, the group is dissolved."""
_MESSAGE_GONE = frozenset({230011, 230050, 230110, 231003})
"""Recalled, invisible to us, deleted."""
_FILE_GONE = frozenset({234003, 234005, 234040})
"""Not in this message, deleted, in a message that is invisible to us (im-v1/message-resource/get)."""
NOT_A_PICTURE = frozenset({234011, 234039})
"""The format is not known, or the picture has too many pixels (im-v1/image/create)."""
_TOO_LONG = frozenset({200860, 230025})
_PASSING = frozenset({1, 2200, 300120, 1000040343})
"""The platform's own trouble."""
_CREDENTIALS = frozenset({403, 514, 10003, 10012, 10013, 10014, 10015})
_MISSING_SCOPE = 99991672
_QUOTA = 99991403

_SCOPE = re.compile(r"\b(?:application|cardkit|contact|im):[a-z_]+(?:[:.][a-z_]+)*")
_SUBCODE = re.compile(r"ErrCode: (\d+)")


class Rejected(Refused):
    """Refused with a `code` that says something about this request, so that another might succeed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class MessageGone(Gone):
    """The message is not there; the chat may be."""


class TokenExpired(ChannelError):
    """The access token is no longer accepted."""


def refusal(code: int, said: str, headers: Mapping[str, str] | None = None, status: int = 200) -> ChannelError:
    """Return what an answer with `code` means. Of `said`, the platform's own text, only codes and scopes are kept."""
    headers = headers or {}
    if code in _RETRY_AFTER_SECONDS or status == 429:
        return RateLimited(_seconds(headers.get("x-ogw-ratelimit-reset", "")) or _RETRY_AFTER_SECONDS.get(code, 1.0))
    trace = f"code {code}" + (f", log id {log_id}" if (log_id := headers.get("x-tt-logid", "")[:64]) else "")
    if code in BAD_TOKEN:
        return TokenExpired(f"Feishu no longer accepts the access token ({trace})")
    if code in _CREDENTIALS:
        return Refused(f"Feishu does not accept the app: check FEISHU_APP_ID and FEISHU_APP_SECRET ({trace})")
    if code == _BEING_SENT:
        return Unsure(f"the message is on its way ({trace})")
    if code in _CHAT_GONE:
        return Gone(f"the chat is not there for the app ({trace})")
    if code in _MESSAGE_GONE:
        return MessageGone(f"the message is not there any more ({trace})")
    if code in _FILE_GONE:
        return Gone(f"the file is not there any more ({trace})")
    if code in _TOO_LONG:
        return TooLong(f"too long for Feishu ({trace})")
    if code in _PASSING or status >= 500:
        return ChannelError(f"Feishu failed ({trace})")
    if code == _MISSING_SCOPE:
        scopes = ", ".join(dict.fromkeys(_SCOPE.findall(said))) or "one it does not name"
        return Rejected(code, f"the app lacks a scope: {scopes}; grant it and publish a new version ({trace})")
    if code == _QUOTA:
        return Rejected(code, f"this month's API calls are used up ({trace})")
    if found := _SUBCODE.search(said[:1000]):
        trace += f", ErrCode {found[1]}"
    return Rejected(code, f"Feishu refused ({trace})")


def lost(error: Exception) -> ChannelError:
    """Return what a request without an answer means: one that found no connection was not carried out for sure."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError | aiohttp.ConnectionTimeoutError):
        return ChannelError(f"Feishu cannot be reached ({kind})")
    return Unsure(f"no answer from Feishu ({kind})")


def _seconds(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 3600.0)
    except ValueError:
        return 0.0
