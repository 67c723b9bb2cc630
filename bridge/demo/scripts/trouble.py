"""What goes wrong with models, each kind under a name of its own, in the words that providers use for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Ending, Performance, Refusal, count
from bridge.demo.scripts import guide
from bridge.demo.scripts.guide_zh import ZH

CONTEXT = 4
"""Tokens that `context` can read; no request has so few."""
LENGTH = 45
"""Tokens that `length` writes at once."""

_TALE = """\
This is a story in several parts, because I may write only a few sentences at once. Once there was a bridge \
between two towns. People crossed it with letters, and the letters were long. One day the keeper of the bridge \
said: nobody may carry more than a page at a time. So the people tore their letters into pages and crossed again \
and again. On the other side the pages were put in order, and when the last one came, nothing was missing and \
nothing was there twice. The keeper read them all and was content. And that is the end of the story."""
_TALE_ZH = """\
这是一个要分几次讲的故事，因为我一次只能写几句。从前，两座小镇之间有一座桥。人们带着信过桥，信都很长。有一天，守桥人说：\
每个人一次只能带一页。于是人们把信拆成一页一页，来来回回地过桥。到了对岸，再把信按顺序放好。最后一页送到的时候，\
一页不少，一页不多。守桥人从头读到尾，很满意。故事讲完了。"""
_BROKEN_OFF = (
    "This answer breaks off in the middle, so that you can see what a person is then told. It would have gone on"
)
_BROKEN_OFF_ZH = "这个回答会在中途断掉，好让你看到这时用户会得到怎样的提示。本来后面还有"
_WITHHELD = "This answer began harmlessly, but what comes next is"
_WITHHELD_ZH = "这个回答开头没有问题，但是接下来的"


def speak(name: str, conversation: Conversation) -> Performance:
    """What the model of that name does. Raises KeyError for a name that is not one of `NAMES`."""
    return _TROUBLES[name](conversation)


def _says(english: str, chinese: str, ending: Ending, conversation: Conversation) -> Performance:
    return Performance(chinese if guide.language(conversation) is ZH else english, ending=ending)


def _tells_a_part(conversation: Conversation) -> Performance:
    return _says(_TALE, _TALE_ZH, "stop", conversation).within(LENGTH)


def _refuses(status: int, type: str, message: str, conversation: Conversation) -> Performance:
    return Performance(refusal=Refusal(status, type, message))


def _reads_little(conversation: Conversation) -> Performance:
    said = f"This model's maximum context length is {CONTEXT} tokens. However, your messages resulted in"
    return _refuses(
        400, "invalid_request_error", f"{said} {max(count(conversation), CONTEXT + 1)} tokens.", conversation
    )


def _ends(ending: Ending, conversation: Conversation) -> Performance:
    return Performance(ending=ending)


_TROUBLES: Mapping[str, Callable[[Conversation], Performance]] = {
    "length": _tells_a_part,
    "filtered": partial(_says, _WITHHELD, _WITHHELD_ZH, "filtered"),
    "empty": partial(_ends, "stop"),
    "cut": partial(_says, _BROKEN_OFF, _BROKEN_OFF_ZH, "cut"),
    "unfinished": partial(_says, _BROKEN_OFF, _BROKEN_OFF_ZH, "unfinished"),
    "lost": partial(_says, _BROKEN_OFF, _BROKEN_OFF_ZH, "lost"),
    "stall": partial(_says, _BROKEN_OFF, _BROKEN_OFF_ZH, "stalled"),
    "silent": partial(_ends, "silent"),
    "rate-limited": partial(
        _refuses, 429, "rate_limit_error", "You have reached the rate limit of this demo. Please try again in 20s."
    ),
    "bad-key": partial(_refuses, 401, "authentication_error", "Incorrect API key provided: sk-demo***."),
    "no-balance": partial(_refuses, 402, "billing_error", "Insufficient Balance"),
    "context": _reads_little,
    "error": partial(_refuses, 500, "api_error", "The server had an error, because you asked it to have one."),
    "unreachable": partial(_ends, "unreachable"),
}
NAMES = tuple(_TROUBLES)
