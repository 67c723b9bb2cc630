"""Going on with an answer that stopped: the same voice is asked again, and what has been said is left out.

So every model can continue, and none has to remember anything: the conversation says how far it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance

_GO_ON = re.compile(
    r"\s*(?:please\s+)?(?:continue|go on)\b|\s*(?:请|請)?.{0,8}?(?:继续|繼續|接着说|接著說)", re.IGNORECASE
)
PARTS = 50
"""How often an answer can be gone on with."""
_LONGEST = 100
"""Characters of a wish to go on; more than that is a question of its own."""


def perform(voice: Callable[[Conversation], Performance], conversation: Conversation) -> Performance:
    """What `voice` answers; where the question is to go on, the rest of what it was saying, if there is any."""
    said, asked = "", conversation
    for _ in range(PARTS):
        if not _wants_more(asked.question):
            break
        asked = asked.before_question()
        if not asked.turns or asked.turns[-1].role != "assistant":
            return voice(conversation)
        said = asked.turns[-1].text + said
    if not said:
        return voice(conversation)
    whole = voice(asked.until_question())
    rest = _after(said, whole.text)
    return replace(whole, text=rest, reasoning="") if rest else voice(conversation)


def _wants_more(question: str) -> bool:
    return len(question) <= _LONGEST and _GO_ON.match(question) is not None


def _after(said: str, text: str) -> str:
    """What follows `said` in `text`; nothing where `text` does not begin so. White space may differ."""
    at = 0
    for letter in said:
        if letter.isspace():
            continue
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text) or text[at] != letter:
            return ""
        at += 1
    return text[at:]
