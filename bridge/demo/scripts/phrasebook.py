"""What the guide can say in one language, and by which words it knows what it is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def words(*alternatives: str) -> re.Pattern[str]:
    """Any of these regular expressions, in either case."""
    return re.compile("|".join(alternatives), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Topic:
    """A fixed answer. The more different `words` of it a question holds, the more likely it is what was meant."""

    words: re.Pattern[str]
    text: str


def topics(texts: Mapping[str, str], known_by: Mapping[str, re.Pattern[str]]) -> Mapping[str, Topic]:
    """Each text with the words that it is known by. Raises KeyError where a text is missing."""
    return {name: Topic(pattern, texts[name]) for name, pattern in known_by.items()}


@dataclass(frozen=True, slots=True)
class Phrasebook:
    topics: Mapping[str, Topic]
    """By name, what decides at a tie first."""
    pure_greeting: re.Pattern[str]
    """Nothing but a greeting; one before a question is only polite."""
    greeting: str

    asks_earlier: re.Pattern[str]
    asks_count: re.Pattern[str]
    asks_system: re.Pattern[str]
    asks_name: re.Pattern[str]
    tells_name: re.Pattern[str]
    """Its group ``name`` is the name."""

    earlier: str
    """Before a numbered list of what was asked."""
    earlier_none: str
    count: str
    """{messages} {asked} {answered}, and {system}: one of the next two."""
    count_with_system: str
    count_without_system: str
    system: str
    """{system}"""
    system_none: str
    name: str
    """{name}"""
    name_none: str
    name_told: str
    picture: str
    """{width} {height} {colour}: what can be seen in a picture that came with the question."""
    colours: Mapping[str, str]
    """How to call each colour, where it has another name than in `bridge.demo.pictures`."""
    others: str
    """{count} files, or pictures that cannot be read, came with the question."""

    unknown: str
    """{suggestion}"""
    unknown_later: str
    """The same in the middle of a conversation: {suggestion} {messages}"""
    suggestions: Sequence[str]
    thoughts: str
    """How the guide finds its answer: {length} {asked} {found}"""
    thoughts_found: str
    """{topic}"""
    thoughts_none: str
