"""The one invariant: each question answered exactly once, whole, in order, or its sender told why not; and the history
holds what was seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, takewhile

from tests.faults.gateway import QUESTION, WORD, answer
from tests.faults.plan import Question
from tests.platform import Bubble

NOTES = (
    "⚠️",
    "I tried ",
    "I crashed each time",
    "Too many messages are waiting",
    "That was too much at once",
)
"""How what the bridge says in place of an answer, or under half of one, begins."""


STARTS = re.compile(r"q\d+r\d+(?:w0\b|\b)")
"""The beginning of an answer, and so of a message that goes on with none."""
BROKEN = re.compile(r"q(\d+)r(\d*)w?")
"""A first word in the middle of which the gateway broke off."""
BEGUN = re.compile(r"q\d*(?:r\d*w?)?")
"""The same behind the answer to a question that the next one has joined."""


@dataclass(frozen=True)
class Row:
    """One exchange of the history."""

    question: str
    answer: str


@dataclass(frozen=True)
class Page:
    """What one message says to a question."""

    text: str
    """Its words, without any space."""
    streaming: bool = False


@dataclass
class Seen:
    """What answers one question on the screen, over all its messages."""

    number: int
    pages: list[Page] = field(default_factory=list)
    note: str = ""

    @property
    def text(self) -> str:
        return "".join(page.text for page in self.pages)

    @property
    def streaming(self) -> bool:
        return any(page.streaming for page in self.pages)


@dataclass
class Verdict:
    complaints: list[str] = field(default_factory=list)
    whole: int = 0
    told: int = 0
    """Questions of which the sender was told that there is no answer, or only a part."""
    notes: Counter[str] = field(default_factory=Counter)
    """How often each was said, by its first words."""
    twice: int = 0
    """Messages that stand beside the answer that took their place, where a platform makes that possible."""
    traces: list[str] = field(default_factory=list)
    """What was seen where something is wrong, to find out why."""

    def __iadd__(self, other: Verdict) -> Verdict:
        self.complaints += other.complaints
        self.traces += other.traces
        self.twice += other.twice
        self.whole += other.whole
        self.told += other.told
        self.notes += other.notes
        return self


def judge(
    asked: Sequence[Question],
    bubbles: Sequence[Bubble],
    history: Sequence[Row],
    late: Collection[int] = (),
    joined: Collection[Collection[int]] = (),
    *,
    repeats: bool = False,
) -> Verdict:
    """Judge one chat: what was asked there, in order; what people see now; what will be said to the model next.

    `late` are the questions that the platform delivered once more after others: their answers may stand anywhere.
    `joined` are those that became one question: its note stands for all of them that have no words. With `repeats` a
    message that another took the place of may have been left standing; it is counted.
    """
    verdict = Verdict()
    words = {question.number: question.words for question in asked}
    seen = list(_read(bubbles, words, verdict))
    if repeats:
        verdict.twice += sum(_without_repeats(each, words) for each in seen)
    trace = " ".join(f"q{each.number}{'+' * bool(each.text)}{'!' * bool(each.note)}" for each in seen)
    answers: dict[int, str] = {}
    noted: set[int] = set()

    def match(question: Question) -> None:
        one = seen.pop(0)
        verdict.complaints.extend(_judge_one(question, one))
        verdict.whole += not one.note
        verdict.told += bool(one.note)
        answers[question.number] = one.text
        if one.note:
            noted.add(question.number)
            verdict.notes[_first_words(one.note)] += 1

    def shares(question: Question, with_any: Collection[int] = noted) -> bool:
        return any(question.number in each and not set(each).isdisjoint(with_any) for each in joined)

    def leaves_notes_to_others(question: Question) -> bool:
        """Whether it shares a note, and the notes that come next are all needed by the questions behind it."""
        if not shares(question):
            return False
        behind = takewhile(lambda each: each.number not in spoken, [q for q in left.values() if q is not question])
        noted_by_then, needed = set(noted), 0
        for each in behind:
            needed += not shares(each, noted_by_then)
            noted_by_then.add(each.number)
        return len(list(takewhile(lambda each: not each.number, seen))) <= needed

    left = {question.number: question for question in asked}
    spoken = {each.number for each in seen}
    while seen and left:
        following = next((each for each in left.values() if each.number not in late), next(iter(left.values())))
        number = seen[0].number
        again = any(each.number == number for each in seen[1:]) and (seen[0].streaming or not _is_whole(seen[0], words))
        if repeats and number and (number in answers or again):
            verdict.twice += 1
            seen.pop(0)
        elif number == 0 and following.number not in spoken and leaves_notes_to_others(following):
            verdict.told += 1
            del left[following.number]
        elif number == following.number or (number == 0 and following.number not in spoken):
            match(left.pop(following.number))
        elif number in left and number in late:
            match(left.pop(number))
        elif number == 0 and (told := [each for each in left if each in late and each not in spoken]):
            match(left.pop(told[0]))
        elif repeats and number == 0:
            verdict.twice += 1
            seen.pop(0)
        else:
            if following.number in spoken or not shares(following):
                verdict.complaints.append(f"q{following.number} has no answer here; next is {_name(seen)}")
            verdict.told += 1
            del left[following.number]
    for question in left.values():
        if not shares(question):
            verdict.complaints.append(f"q{question.number} has no answer")
        verdict.told += 1
    while repeats and seen and (seen[0].number in answers or not seen[0].number):
        verdict.twice += 1
        seen.pop(0)
    verdict.complaints += [f"{_name([each])} is one too many, or out of order" for each in seen]
    verdict.complaints += _judge_history(answers, history, words)
    if verdict.complaints:
        verdict.traces = [f"seen {trace}", f"joined {[sorted(each) for each in joined if set(each) & set(words)]}"]
    return verdict


def _read(bubbles: Sequence[Bubble], words: Mapping[int, int], verdict: Verdict) -> Iterator[Seen]:
    """The messages of one answer follow one another. A note belongs to the answer above it where that is not whole, and
    answers a question by itself where it is."""
    current: Seen | None = None
    for bubble in bubbles:
        text, note = _without_note(bubble.text)
        open = bubble.streaming or "Stop" in bubble.buttons
        word = WORD.match(text) or BROKEN.fullmatch(text)
        if word is None:
            if text or not note:
                verdict.complaints.append(f"a message that answers nothing: {bubble.text[:60]!r}")
            elif current is not None and not current.note and not _is_whole(current, words):
                current.note = note
            else:
                if current is not None:
                    yield current
                current = Seen(0, note=note)
            continue
        begins = STARTS.match(text) is not None
        for number, part in _parts(text, words):
            if current is None or current.number != number or begins:
                if current is not None:
                    yield current
                current = Seen(number)
            current.pages.append(Page(part, open))
            begins = False
        assert current is not None
        current.note = current.note or note
    if current is not None:
        yield current


def _parts(text: str, words: Mapping[int, int]) -> Iterator[tuple[int, str]]:
    """What `text` says to each question, without any space: it has several where these were joined."""
    number, said = 0, ""
    for token in text.split():
        word = WORD.match(token) or BROKEN.fullmatch(token)
        if word is not None and int(word[1]) != number:
            if said:
                yield number, said
            number, said = int(word[1]), token
        elif word is not None or not BEGUN.fullmatch(token) or not _ends_whole(number, said, words):
            said += token
    if said:
        yield number, said


def _ends_whole(number: int, text: str, words: Mapping[int, int]) -> bool:
    return re.search(rf"q{number}r\d+w{words.get(number, 0) - 1}$", text) is not None


def _without_note(text: str) -> tuple[str, str]:
    at = min((found for each in NOTES if (found := text.find(each)) >= 0), default=-1)
    return (text[:at].strip(), text[at:]) if at >= 0 else (text.strip(), "")


def _first_words(note: str) -> str:
    return re.sub(r"\d+", "N", " ".join(note.split()[:8]))


def _packed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _whole(seen: Seen, words: int) -> str:
    """What all of it would read, in the attempt that its first word belongs to."""
    word = WORD.match(seen.text) or BROKEN.fullmatch(seen.text)
    return _packed(answer(seen.number, int(word[2] or 1), words)) if word else ""


def _is_whole(seen: Seen, words: Mapping[int, int]) -> bool:
    return seen.text == _whole(seen, words.get(seen.number, 0))


def _without_repeats(seen: Seen, words: Mapping[int, int]) -> int:
    """Leave out the pages beside which another says the same, so that the rest reads as far as it can; how many."""
    pages = seen.pages
    for count in range(len(pages), 0, -1):
        kept = [Seen(seen.number, list(some), seen.note) for some in combinations(pages, count)]
        right = [
            each
            for each in kept
            if _whole(each, words.get(seen.number, 0)).startswith(each.text) and _said(seen.text) <= _said(each.text)
        ]
        if right:
            seen.pages = max(right, key=lambda each: len(each.text)).pages
            break
    return len(pages) - len(seen.pages)


def _said(text: str) -> set[int]:
    """Where its words stand in an answer, whichever attempt they belong to."""
    return {int(place) for _, _, place in WORD.findall(text)}


def _judge_one(question: Question, seen: Seen) -> Iterator[str]:
    if seen.streaming:
        yield f"q{question.number} looks unfinished"
    if seen.number == 0:
        return
    whole = _whole(seen, question.words)
    if seen.text != whole and not (seen.note and whole.startswith(seen.text)):
        yield f"q{question.number} reads {_difference(seen.text, whole)}"


def _difference(text: str, whole: str) -> str:
    at = next((index for index, pair in enumerate(zip(text, whole, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(text), len(whole)) if at is None else at
    return f"{text[at : at + 40]!r} where {whole[at : at + 40]!r} belongs, at {at} of {len(whole)}"


def _judge_history(answers: Mapping[int, str], history: Sequence[Row], words: Mapping[int, int]) -> Iterator[str]:
    """In its order, the history holds every answer of which a word was seen, and nothing else."""
    kept: list[tuple[int, str]] = []
    for row in history:
        asked = [int(found[1]) for found in QUESTION.finditer(row.question)] or [0]
        said = list(_parts(row.answer, words)) or [(asked[0], "")]
        kept += said if all(number in asked for number, _ in said) else [(asked[0], _packed(row.answer))]
    shown = [(number, text) for number, text in answers.items() if text]
    if kept == shown:
        return
    if [number for number, _ in kept] != [number for number, _ in shown]:
        yield f"the history holds {[number for number, _ in kept]} and people saw {[number for number, _ in shown]}"
    for number, text in kept:
        if number in answers and answers[number] != text:
            yield f"q{number} in the history: {_difference(text, answers[number])}"


def _name(seen: Sequence[Seen]) -> str:
    if not seen:
        return "nothing"
    return f"q{seen[0].number}" if seen[0].number else f"the note {seen[0].note[:40]!r}"
