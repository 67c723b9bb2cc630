"""Cut a growing text into messages that fit.

Greedy from the left, and each cut looks only at what fits the page being cut and the one character after it. So
a page that has been left behind never changes as the text grows, and nobody has to remember where the cuts were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wcwidth import grapheme_boundary_before

from bridge.blocks import without_picture_data
from bridge.channel import Limits
from bridge.reply.blocks import LONGEST_CLOSING, PROSE, Lines, OpenBlock, block_at_end, may_become_a_fence

SENTENCE_ENDS = ("。", "！", "？", ". ", "! ", "? ", "; ", "；")
WORD_ENDS = (" ", "\t", "，", "、", ", ")
MIN_PAGE_LENGTH = 16
"""A platform that refuses even this much text as too long refuses something else."""
SMALLEST_PAGE = 100
"""Below this a page is too short to close and reopen blocks in; they are then cut like any text."""


@dataclass(frozen=True, slots=True)
class Page:
    """One message: `body` is the text's own, in `opening` and `closing` the blocks cut through are mended."""

    body: str
    opening: str = ""
    closing: str = ""

    @property
    def text(self) -> str:
        return self.opening + self.body + self.closing


class Pages:
    """The pages of one growing text. Those left behind are kept, so each call costs only the last page."""

    def __init__(self, limits: Limits) -> None:
        self._measure = limits.measure
        self._room = limits.max_length
        self._left: list[Page] = []
        self._starts: list[tuple[int, OpenBlock]] = [(0, PROSE)]

    def of(self, text: str) -> list[Page]:
        """The pages of `text`, which must begin with all that earlier calls were given; none that is blank.

        A picture's own data is left out: it would fill message after message, and none could show it.
        """
        text = without_picture_data(text)
        while (page := self._next(text)) is not None:
            self._left.append(page[0])
            self._starts.append(page[1])
        start, block = self._starts[-1]
        body = text[start:]
        last = Page(body)
        if self._mends:
            opening = self._opening(block)
            last = Page(body, opening, block_at_end(body, block).closing(opening + body))
        return [page for page in [*self._left, last] if page.body.strip()]

    def restart(self) -> None:
        """Forget the pages left behind: the text starts again. How much fits a page stays as it was learned."""
        del self._left[:], self._starts[1:]

    def shrink(self, number: int) -> bool:
        """Cut page `number` and what follows again, a quarter shorter; False if it cannot get shorter."""
        seen = [index for index, page in enumerate(self._left) if page.body.strip()]
        index = seen[number] if number < len(seen) else len(self._left)
        del self._left[index:], self._starts[index + 1 :]
        self._room = self._room * 3 // 4
        return self._room >= MIN_PAGE_LENGTH

    def _opening(self, block: OpenBlock) -> str:
        opening = block.opening if self._mends else ""
        return opening if len(opening) <= self._room // 2 else ""

    @property
    def _mends(self) -> bool:
        return self._room >= SMALLEST_PAGE

    def _next(self, text: str) -> tuple[Page, tuple[int, OpenBlock]] | None:
        """The page to leave behind and where the next one starts; None while all the rest fits."""
        start, block = self._starts[-1]
        opening = self._opening(block)
        room = self._fit(text, start, opening)
        if start + room >= len(text):
            return None
        end, ending = _break(text, start, room, block)
        body = text[start:end]
        if not self._mends:
            return Page(body), (end, PROSE)
        return Page(body, opening, ending.closing(opening + body)), (end, ending)

    def _fit(self, text: str, start: int, opening: str) -> int:
        """How many characters from `start` fit a page with its opening and room to close a fence."""
        limit = self._room - (LONGEST_CLOSING if self._mends else 0)

        def fits(count: int) -> bool:
            return self._measure(opening + text[start : start + count]) <= limit

        low, high = 0, max(1, limit)
        while start + high < len(text) and fits(high):
            low, high = high, high * 2
        high = min(high, len(text) - start)
        if fits(high):
            return high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return max(low, 1)


def _break(text: str, start: int, room: int, block: OpenBlock) -> tuple[int, OpenBlock]:
    """Where to cut between the middle of the room and its end, and the block that the cut falls into."""
    best = (0, 0, block)
    for end, quality, ending in _line_ends(text, start, start + room, block):
        if end - start >= room // 2 and quality >= best[0]:
            best = (quality, end, ending)
    if best[1]:
        return best[1], best[2]
    end = _within_a_line(text, start, start + room)
    return end, block_at_end(text[start:end], block)


def _line_ends(text: str, start: int, stop: int, block: OpenBlock) -> Iterator[tuple[int, int, OpenBlock]]:
    """Each line end up to `stop`, how good a place to cut it is, and the block after it."""
    lines = Lines(block)
    begin = start
    while (newline := text.find("\n", begin, stop)) != -1:
        line = text[begin:newline]
        lines.read(line)
        begin = newline + 1
        indented = text[begin : begin + 1] in (" ", "\t")
        if lines.opened or lines.header:
            quality = 0  # would part a fence from its first line, or a table from its header
        elif lines.block != PROSE:
            quality = 1 if line.strip() else 2
        else:
            quality = 3 if indented or line.strip() else 4
        yield begin, quality, lines.block


def _within_a_line(text: str, start: int, stop: int) -> int:
    """The best place in a line that is longer than half a page: after a sentence, a word, a whole character."""
    line = text.rfind("\n", start, stop) + 1 or start
    if line > start and may_become_a_fence(text[line:stop]):
        return line
    middle = start + (stop - start) // 2
    for marks in (SENTENCE_ENDS, WORD_ENDS):
        if end := max(_after_last(mark, text, middle, stop) for mark in marks):
            return end
    return _whole_character(text, start, stop)


def _after_last(mark: str, text: str, start: int, stop: int) -> int:
    """The end of the last `mark` that parts no character and no run of backticks; 0 where there is none."""
    while (found := text.rfind(mark, start, stop)) != -1:
        end = found + len(mark)
        if text[end] not in "`~" and grapheme_boundary_before(text, end + 1) == end:
            return end
        stop = found
    return 0


def _whole_character(text: str, start: int, stop: int) -> int:
    """`stop`, or a little before it where that would cut a character in two or part a run of backticks."""
    end = grapheme_boundary_before(text, stop + 1)
    while end > start and text[end] in "`~":
        end -= 1
    return end if end > start else stop
