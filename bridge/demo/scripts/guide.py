"""The guide: helps a newcomer of cherry-bridge by simple keywords, in the language of the question.

It remembers nothing. What it knows of the conversation it was sent, so its user sees that history works.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.demo.pictures import look
from bridge.demo.scripts.guide_en import EN
from bridge.demo.scripts.guide_zh import ZH
from bridge.demo.scripts.phrasebook import Phrasebook
from bridge.shorten import shorten

READ = 4000
"""Characters of a question that are looked at."""
QUOTED = 200
"""Characters of an earlier question that are repeated."""
LISTED = 20
"""Earlier questions that are repeated, the latest ones."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_MARKS = re.compile(r"([*_`~|\[\]<>#])")


def speak(conversation: Conversation) -> Performance:
    return Performance(_answer(conversation, language(conversation)))


def speak_chinese(conversation: Conversation) -> Performance:
    return Performance(_answer(conversation, ZH))


def speak_slowly(conversation: Conversation) -> Performance:
    return replace(speak(conversation), pause=6, rate=4)


def language(conversation: Conversation) -> Phrasebook:
    """The language of the latest message that shows one."""
    for text in (conversation.question, *reversed(conversation.earlier)):
        text = text[:READ]
        han, words = len(_HAN.findall(text)), len(_WORD.findall(text))
        if han or words:
            return ZH if han >= words and not _KANA_OR_HANGUL.search(text) else EN
    return EN


def topic_of(question: str, book: Phrasebook) -> str:
    """The topic that most of the question's words belong to; empty where there is none."""
    found = {
        name: len({match[0].casefold() for match in topic.words.finditer(question[:READ])})
        for name, topic in book.topics.items()
    }
    best = max(found, key=lambda name: found[name])
    return best if found[best] else ""


def _answer(conversation: Conversation, book: Phrasebook) -> str:
    asked = conversation.by("user")
    said = _about_conversation(conversation, book) or _about_the_bridge(conversation, book)
    if not asked or not asked[-1].others:
        return said
    seen = [found for content in asked[-1].pictures if (found := look(content)) is not None]
    told = [
        book.picture.format(width=each.width, height=each.height, colour=book.colours.get(each.colour, each.colour))
        for each in seen
    ]
    if others := asked[-1].others - len(seen):
        told.append(book.others.format(count=others))
    # A picture without a question is what the answer is about.
    return "\n\n".join(told if seen and not conversation.question.strip() else [said, *told])


def _about_conversation(conversation: Conversation, book: Phrasebook) -> str:
    """The answer to a question about the conversation itself; empty where it is about something else."""
    question = conversation.question[:READ]
    if book.asks_name.search(question):
        names = [name for text in conversation.earlier if (name := _name(text, book))]
        return book.name.format(name=plain(names[-1])) if names else book.name_none
    if book.asks_count.search(question):
        return _count(conversation, book)
    if book.asks_system.search(question):
        system = conversation.system.strip()
        return book.system.format(system=_quote(system)) if system else book.system_none
    if book.asks_earlier.search(question):
        return _earlier(conversation, book)
    if name := _name(question, book):
        return book.name_told.format(name=plain(name))
    return ""


def _about_the_bridge(conversation: Conversation, book: Phrasebook) -> str:
    question = conversation.question
    # In a group the bridge puts the speaker's name before the words.
    if not question.strip() or book.pure_greeting.fullmatch(question[:READ].rpartition(": ")[2]):
        return book.greeting
    if topic := topic_of(question, book):
        return book.topics[topic].text
    before = len(conversation.earlier)
    suggestion = book.suggestions[before % len(book.suggestions)]
    if not before:
        return book.unknown.format(suggestion=suggestion)
    return book.unknown_later.format(suggestion=suggestion, messages=len(conversation.turns) - 1)


def _count(conversation: Conversation, book: Phrasebook) -> str:
    return book.count.format(
        messages=len(conversation.turns),
        asked=len(conversation.by("user")),
        answered=len(conversation.by("assistant")),
        system=book.count_with_system if conversation.system.strip() else book.count_without_system,
    )


def _earlier(conversation: Conversation, book: Phrasebook) -> str:
    earlier = conversation.earlier
    if not earlier:
        return book.earlier_none
    skipped = max(len(earlier) - LISTED, 0)
    lines = [f"{number}. {plain(_short(text))}" for number, text in enumerate(earlier[skipped:], skipped + 1)]
    return "\n".join([book.earlier, "", *lines])


def _name(text: str, book: Phrasebook) -> str:
    found = book.tells_name.search(text[:READ])
    return next(filter(None, found.groups()), "") if found else ""


def _quote(text: str) -> str:
    return "\n".join(f"> {plain(line)}" for line in text[:READ].splitlines())


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), QUOTED)


def plain(text: str) -> str:
    """Somebody's words as they are: what Markdown would read into them is escaped."""
    return _MARKS.sub(r"\\\1", text)
