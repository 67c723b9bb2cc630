"""A gateway whose every word says which question it answers, in which attempt, and where it stands in the answer."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from tests.emulators.gateway import Completion, GatewayEmulator
from tests.emulators.gateway.catalogue import BEHAVIOURS, Behaviour

QUESTION = re.compile(r"\bq(\d+) (\d+) words at ([\d.]+) end (\w+)")
WORD = re.compile(r"q(\d+)r(\d+)w(\d+)")
LINE_WORDS = 10


class ScriptedGateway(GatewayEmulator):
    """Answers what a plan's people ask. Each request is another attempt, and no two attempts share a word."""

    def __init__(self) -> None:
        super().__init__("B")
        self.attempts: Counter[int] = Counter()
        """How often each question was asked, by its number."""
        self.first_word = 0.0
        """Seconds that a model thinks before its first word."""

    def _role(self, record: Completion) -> tuple[Behaviour, str]:
        """Questions that have been joined are answered one after the other, in the time of the slowest."""
        asked = list(QUESTION.finditer(record.question))
        if not asked:
            return BEHAVIOURS["ok"], f"You said: {record.question}"
        answers = []
        for each in asked:
            number = int(each[1])
            self.attempts[number] += 1
            answers.append(answer(number, self.attempts[number], int(each[2])))
        words = sum(int(each[2]) for each in asked)
        rate = words / max(int(each[2]) / float(each[3]) for each in asked)
        behaviour = replace(
            BEHAVIOURS["ok"], first_token=self.first_word, tokens_per_second=2 * rate
        )  # a word is two tokens
        end = next((each[4] for each in asked if each[4] != "stop"), "stop")
        if end in ("cut", "error"):
            behaviour = replace(behaviour, end="cut" if end == "cut" else "error")
        return behaviour, "\n".join(answers)


def answer(number: int, attempt: int, words: int) -> str:
    """What the model says to a question in an attempt."""
    said = [f"q{number}r{attempt}w{index}" for index in range(words)]
    lines = [said[start : start + LINE_WORDS] for start in range(0, words, LINE_WORDS)]
    return "\n".join(" ".join(line) for line in lines)
