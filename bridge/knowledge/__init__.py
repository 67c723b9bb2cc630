"""Passages that a question is answered from: of the gateways' knowledge bases, and of a chat's own documents.

What is found is data: bounded, marked, and never trusted to decide anything.
"""

from bridge.knowledge.choices import KnowledgeChoices
from bridge.knowledge.finder import MAX_DOCUMENT_CHARACTERS, MAX_PASSAGES, Base, Bases, Found, Knowledge, Problem
from bridge.knowledge.passages import Passage
from bridge.knowledge.ranking import rank
from bridge.knowledge.request import NOTE, asked_once, listed, sources, with_passages

__all__ = [
    "MAX_DOCUMENT_CHARACTERS",
    "MAX_PASSAGES",
    "NOTE",
    "Base",
    "Bases",
    "Found",
    "Knowledge",
    "KnowledgeChoices",
    "Passage",
    "Problem",
    "asked_once",
    "listed",
    "rank",
    "sources",
    "with_passages",
]
