"""The text of an answer, without what is not answer: reasoning, marks of templates, pictures as base64.

Only what has to be is held back, so that words show as they come: a mark that may not be complete yet, blanks before
a mark, marks that may be the last. The result depends on the text alone, never on where it was cut. In code every
mark is text, and so is an opening mark in the middle of a line with words after it, as in "Use <think> tags".
"""

from __future__ import annotations

import re

from bridge.gateway import marks
from bridge.gateway.batch import Batch
from bridge.gateway.code_spans import CodeTracker
from bridge.gateway.inline_media import InlineMedia, may_become_media

_TRIGGER = re.compile(r"[<\[◁!\n`~]|(?<![^\W_])d(?:ata:|(?:at?a?)?\Z)", re.IGNORECASE)
"""Where something other than plain text may begin."""
MAX_HELD_CHARACTERS = 700
"""No mark is longer, and no beginning of a picture with its alt text."""
_MARK_BEGINS = re.compile(r"[<\[◁]")
_RESPONSES = ("here is my response:", "here's my response:", "here’s my response:")
_TRIGGER_OR_RESPONSE = re.compile(
    rf"{_TRIGGER.pattern}|\bh(?=ere(?: is|['’]s) my response:|(?:e?|er|ere[ '’a-z]{{0,17}})\Z)", re.IGNORECASE
)
"""Where an answer began like Granite's thoughts, its real beginning may follow."""


class ReasoningSplitter:
    """Takes an answer's text piece by piece and puts it into a batch: the answer, reasoning, pictures."""

    def __init__(self) -> None:
        self.has_reasoning = False
        """Whether any has come, in the text or, as the parser notes, beside it."""
        self._code = CodeTracker()
        self._held = ""
        self._close: re.Pattern[str] | None = None
        """What ends the reasoning that is coming; None in the answer."""
        self._media: InlineMedia | None = None
        self._blanks = ""
        """Blanks before the first word: they go with a mark that follows them."""
        self._tail = ""
        """Marks of the end, and blanks between them: text only if more text follows."""
        self._begun = False
        """Whether any of the answer has been put in since the last reasoning."""
        self._skip_line_breaks = False
        """The line breaks between reasoning and answer belong to neither."""
        self._after_mark = False
        """Reasoning has just ended: here some open a wrapper around the answer."""
        self._wrapper_end = ""
        self._literal_opens = 0
        """Opening marks that were text: as many closing ones are, too."""
        self._surplus_opens = 0
        """Opening marks within reasoning that is closed: as many more closing ones will come."""
        self._last = ""
        """The last character before what is held."""
        self._thought: list[str] = []
        """The reasoning that is coming."""
        self._head = ""
        """How the answer begins, up to about `marks.MAX_HEAD_CHARACTERS`."""
        self._at_head = True
        self._trigger = _TRIGGER

    def feed(self, text: str, batch: Batch) -> None:
        self._run(text, batch, final=False)

    def end(self, batch: Batch) -> None:
        """Put in what was held back because it might yet have become a mark, and did not."""
        self._run("", batch, final=True)
        if self._media is not None:
            batch.extras.append(self._media.take(ended=False))
            self._media = None
        if self._blanks and not self._begun:
            batch.text.append(self._blanks)
        self._blanks = self._tail = ""

    def _run(self, text: str, batch: Batch, *, final: bool) -> None:
        text, self._held = self._held + text, ""
        place = 0
        while place < len(text):
            if self._media is not None:
                after = self._media.feed(text, place)
                if after < 0:
                    return
                batch.extras.append(self._media.take(ended=True))
                self._media, place = None, after
            elif self._close is not None:
                place = self._reason(text, place, batch, final)
            else:
                place = self._answer(text, place, batch, final)
            if place < 0:
                return

    # -- in reasoning ----------------------------------------------------------------------------------------

    def _reason(self, text: str, place: int, batch: Batch, final: bool) -> int:
        """Where to go on after the reasoning; -1 where all is taken or held."""
        assert self._close is not None
        search_from = place
        while close := self._close.search(text, search_from):
            closes = self._closes(text, place, close, final)
            if closes is None:
                return self._take_reasoning(text, place, close.start(), batch)
            if closes:
                self._put_reasoning(text[place : close.start()], batch)
                self._close, self._thought = None, []
                self._begin_answer()
                return close.end()
            search_from = close.end()
        upto = len(text) if final else self._partial_from(text, max(search_from, len(text) - 300), len(text))
        return self._take_reasoning(text, place, upto, batch)

    def _closes(self, text: str, place: int, close: re.Match[str], final: bool) -> bool | None:
        """Whether a closing mark in reasoning ends it, or stands in code there; None where more has to come first."""
        if not close[0]:
            return True
        before = text[close.start() - 1] if close.start() else self._last
        if before == "`" and (close.end() < len(text) or not final):
            return text[close.end()] != "`" if close.end() < len(text) else None
        following = text[close.end() : close.end() + 40]
        if self._close is not marks.CLOSE or not (final or following):
            return None if self._close is marks.CLOSE and self._in_fence(text[place : close.start()]) else True
        if not self._in_fence(text[place : close.start()]):
            return True
        if marks.BARE_FENCE_LINE.match(following + "\n" if final else following):
            return False
        partial = close.end() + len(following) == len(text) and marks.BARE_FENCE_PARTIAL.fullmatch(following)
        return None if partial and not final else True

    def _in_fence(self, text: str) -> bool:
        """Whether the reasoning so far and `text` end in a block of code."""
        return len(marks.FENCE.findall("".join(self._thought) + text)) % 2 == 1

    def _take_reasoning(self, text: str, place: int, upto: int, batch: Batch) -> int:
        self._put_reasoning(text[place:upto], batch)
        return self._hold(text, upto)

    def _partial_from(self, text: str, start: int, end: int) -> int:
        """Where at the end of `text` a mark may be coming; its length where none is."""
        if self._close is marks.BARE_FINAL:
            return end - marks.unfinished(text[start:end], ("assistantfinal",))
        for begin in _MARK_BEGINS.finditer(text, start, end):
            if marks.may_become_mark(text[begin.start() : end]):
                return begin.start()
        return end

    def _put_reasoning(self, text: str, batch: Batch) -> None:
        if self._close is marks.CLOSE:
            self._surplus_opens += len(marks.OPEN.findall(text))
            self._thought.append(text)
        self.has_reasoning = True
        batch.reasoning.append(text)

    # -- in the answer ---------------------------------------------------------------------------------------

    def _answer(self, text: str, place: int, batch: Batch, final: bool) -> int:
        """Take the answer up to the next mark and that mark; where to go on, or -1 where all is taken or held."""
        if not (self._begun or self.has_reasoning):
            if bare := marks.BARE_ANALYSIS.match(text, place):
                self._drop_blanks()
                self._close = marks.BARE_FINAL
                return bare.end()
            if not final and not self._tail and marks.may_begin_bare(text[place:]):
                return self._hold(text, place)
        while trigger := self._trigger.search(text, place):
            at = trigger.start()
            self._put(text[place:at], batch)
            char = text[at]
            if char == "\n":
                self._put("\n", batch)
                place = at + 1
            elif char in "`~":
                end = at + 1
                while end < len(text) and text[end] == char:
                    end += 1
                if end == len(text) and not final:
                    return self._hold(text, at)
                self._flush(batch)
                batch.text.append(text[at:end])
                self._code.run(text[at:end], text[end : end + 1])
                place = end
            elif self._code.fence:
                self._put(char, batch)
                place = at + 1
            elif char in "hH":
                if (response := marks.RESPONSE.match(text, at)) and (response.end() < len(text) or final):
                    self._reclassify(batch)
                    place = response.end()
                elif response or (not final and marks.unfinished(text[at:], _RESPONSES) == len(text) - at):
                    return self._hold(text, at)
                else:
                    self._put(char, batch)
                    place = at + 1
            else:
                after = self._mark(text, at, batch, final)
                if after < 0:
                    return after
                if self._close is not None or self._media is not None:
                    return after
                place = after
        self._put(text[place:], batch)
        self._last = text[-1:]
        return -1

    def _mark(self, text: str, at: int, batch: Batch, final: bool) -> int:
        """Take the mark that begins at `at`, or one character where none does; -1 where it is held."""
        in_span = self._code.span > 0
        if not in_span and (after := self._structure(text, at, batch)) is not None:
            return after
        if end := marks.END.match(text, at):
            self._tail += end[0]
            return end.end()
        if not in_span and (media := InlineMedia.at(text, at)) is not None:
            self._flush(batch)
            self._media = media
            return media.start
        rest = text[at : at + MAX_HELD_CHARACTERS]
        if (
            not final
            and at + len(rest) == len(text)
            and (marks.may_become_mark(rest) or (not in_span and may_become_media(rest)))
        ):
            return self._hold(text, at)
        if not in_span and (close := marks.CLOSE.match(text, at)):
            self._put(close[0], batch)
            return close.end()
        if not in_span and (opening := marks.OPEN.match(text, at)):
            if opening.end() == len(text) and not final:
                return self._hold(text, at)  # a line break may follow, and then it opens reasoning
            self._literal_opens += 1
            self._put(opening[0], batch)
            return opening.end()
        self._put(text[at], batch)
        return at + 1

    def _structure(self, text: str, at: int, batch: Batch) -> int | None:
        """Take a mark that parts reasoning from answer; None where there is none at `at`."""
        if channel := marks.CHANNEL.match(text, at):
            words = channel[1].lower().split()
            if self._head.strip().lower() == marks.BARE_START:
                self._reclassify(batch)
            self._drop_blanks()
            if words[:1] == ["final"] or (words == ["commentary"]):
                self._skip_line_breaks = True
            else:
                self._close = marks.CHANNEL_END
            return channel.end()
        if (message := marks.MESSAGE.match(text, at)) and (head := self._head.strip().lower()) in marks.BARE_CHANNELS:
            self._reclassify(batch)
            self._close = None if marks.BARE_CHANNELS[head] else marks.CHANNEL_END
            return message.end()
        if box := marks.BOX.match(text, at):
            return box.end()
        fresh = self._code.line_start
        if fresh and (details := marks.DETAILS.match(text, at)):
            self._drop_blanks()
            self._close = marks.DETAILS_END
            return details.end()
        if fresh and (empty := marks.EMPTY.match(text, at)):
            self._drop_blanks()
            self._skip_line_breaks = True
            return empty.end()
        if (opening := marks.OPEN.match(text, at)) and (fresh or text.startswith("\n", opening.end())):
            self._drop_blanks()
            self._close = marks.CLOSE
            return opening.end()
        if (close := marks.CLOSE.match(text, at)) and self._is_closing(batch):
            return close.end()
        if (start := marks.START.match(text, at)) and (not self._begun or self._tail or fresh):
            self._drop_blanks()
            self._skip_line_breaks = True
            return start.end()
        if self._after_mark and (wrapper := marks.WRAPPER.match(text, at)):
            self._wrapper_end = marks.wrapper_end(wrapper[0])
            self._drop_blanks()
            self._skip_line_breaks = True
            return wrapper.end()
        if self._wrapper_end and text[at : at + len(self._wrapper_end)].lower() == self._wrapper_end:
            self._tail += self._wrapper_end
            return at + len(self._wrapper_end)
        return None

    def _is_closing(self, batch: Batch) -> bool:
        """Take a closing mark where no reasoning is open. False where it is text."""
        if self._literal_opens:
            self._literal_opens -= 1
            return False
        if self._begun and not (self._surplus_opens or not self.has_reasoning):
            return self._code.line_start
        if self._begun:
            self._surplus_opens = max(0, self._surplus_opens - 1)
            self._reclassify(batch)
        else:
            self._begin_answer()
        return True

    def _reclassify(self, batch: Batch) -> None:
        """All of the answer so far was reasoning; the answer begins here."""
        self._flush(batch)
        batch.reclassify()
        self.has_reasoning = True
        self._begin_answer()

    def _begin_answer(self) -> None:
        """Reasoning has ended."""
        self._begun, self._skip_line_breaks, self._after_mark = False, True, True
        self._drop_blanks()
        self._code = CodeTracker()
        self._head, self._at_head, self._trigger = "", True, _TRIGGER

    # -- putting in ------------------------------------------------------------------------------------------

    def _put(self, text: str, batch: Batch) -> None:
        if self._skip_line_breaks and text:
            text = text.lstrip("\r\n")
            self._skip_line_breaks = not text
        if not text:
            return
        if text == "\n":
            self._code.line_break()
        else:
            self._code.text(text)
        if text.isspace() and (self._tail or not self._begun):
            if self._tail:
                self._tail += text
            else:
                self._blanks += text
            return
        self._flush(batch)
        batch.text.append(text)
        if self._at_head:
            self._head += text[: marks.MAX_HEAD_CHARACTERS]
            self._at_head = len(self._head) < marks.MAX_HEAD_CHARACTERS
            if marks.THOUGHT_PROCESS.match(self._head):
                self._trigger = _TRIGGER_OR_RESPONSE

    def _flush(self, batch: Batch) -> None:
        """What was held back turned out to be text."""
        if self._blanks or self._tail:
            batch.text.append(self._blanks + self._tail)
            self._blanks = self._tail = ""
        self._begun, self._after_mark, self._skip_line_breaks = True, False, False

    def _drop_blanks(self) -> None:
        """A mark follows: the blanks and marks before it belong to it."""
        self._blanks = self._tail = ""

    def _hold(self, text: str, at: int) -> int:
        self._held = text[at:]
        self._last = text[at - 1] if at else self._last
        return -1
