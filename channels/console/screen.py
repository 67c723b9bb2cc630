"""The painter: finished rows go into the scrollback for good, the growing rest is redrawn in place.

The idea: between two paintings the cursor waits at the head of the growing rows, not below them. To redraw, it
clears downwards from where it stands; it never has to know how many rows there are by now. So a terminal that
folds its lines anew when it is resized, or a stray line of somebody's log, leaves nothing behind. Growing rows
are painted with automatic wrapping off: a character wider than we believed is clipped for a moment and cannot
shift the rows. Finished rows are painted with it on.
"""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.output import Output

# Terminals that know synchronized output show a painting at once; the others ignore the two marks.
_BEGIN = "\x1b[?2026h"
_END = "\x1b[?2026l"


class Screen:
    """The rows handed in hold nothing but text and SGR; growing ones are narrower than the screen."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self._live: tuple[str, ...] = ()
        self._size = (0, 0)
        self._blank = True

    @property
    def width(self) -> int:
        """The last column stays free: a row that fills it leaves the cursor in limbo between two rows."""
        return max(self.output.get_size().columns - 1, 1)

    @property
    def height(self) -> int:
        """How many growing rows fit: with one row to spare, their head never leaves the screen."""
        return max(self.output.get_size().rows - 1, 1)

    @property
    def resized(self) -> bool:
        """Whether what is growing was painted for another size."""
        return bool(self._live) and self._size != (self.width, self.height)

    def gap(self) -> list[str]:
        """An empty row, unless the last finished one is empty already."""
        return [] if self._blank else [""]

    def typed(self) -> None:
        """The prompt has left a line of its own above the cursor."""
        self._blank = False

    def paint(self, done: Sequence[str], live: Sequence[str] = ()) -> None:
        """Print `done` for good, then `live` until the next painting, in place of what was live before."""
        size, now = (self.width, self.height), tuple(live[-self.height :])
        if not done and now == self._live and size == self._size:
            return
        output = self.output
        output.write_raw(_BEGIN)
        output.hide_cursor()
        output.write_raw("\r")
        if done:
            output.erase_down()
        for row in done:
            output.write_raw(row + "\r\n")
        if now:
            output.disable_autowrap()
            for row in now[:-1]:
                output.write_raw(row)
                output.erase_end_of_line()
                output.write_raw("\r\n")
            output.write_raw(now[-1])
        output.erase_down()
        if now:
            output.write_raw("\r")
            output.cursor_up(len(now) - 1)
            output.enable_autowrap()
        output.write_raw(_END)
        output.flush()
        if done:
            self._blank = not done[-1]
        self._live, self._size = now, size

    def release(self) -> None:
        """Leave the terminal as it was found: the cursor shown, at the start of a row of its own."""
        self.paint((), ())
        self.output.reset_attributes()
        self.output.disable_bracketed_paste()
        self.output.show_cursor()
        self.output.flush()
