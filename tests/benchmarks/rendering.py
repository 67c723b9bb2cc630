"""What one platform's dialect costs for an edit. Run as a script, by the interpreter of the tree that is measured.

Prints JSON: microseconds of the processor for one call, by function and text, the least of several rounds. The texts
are the same for every tree; those of hostile lines show whether the cost grows with the length alone.
"""

from __future__ import annotations

import json
import time
import timeit
from collections.abc import Callable
from functools import partial

LENGTHS = (1_900, 20_000, 100_000)
LONGEST_OF_CONSOLE = 20_000
"""A terminal is fed what grows, and never all of a long text at once."""
PROSE = (
    "## Step {n}\n\nFirst, **install** the package with `pip install thing` and read [the docs](https://example.org/x).\n"
    "It costs $5 or so, and *nothing* else has to be done here; the rest of this sentence is plain text.\n\n"
    "- one item with `code`\n- another **bold** item\n- a third, longer item that says a little more than others\n\n"
)
CODE = "```python\ndef f{n}(x):\n    return x * {n}  # a comment\n```\n\n"
TABLE = "| Name | Value |\n|---|---:|\n| row {n} | 1 |\n| other | 22 |\n\n"
CHINESE = "**重点：**第{n}步，先安装软件包，再看[文档](https://example.org)。其余的都是普通文字，没有别的要做。\n\n"
PIECES = {
    "ASCII prose": PROSE,
    "ASCII mixed": PROSE + CODE + PROSE + TABLE,
    "Chinese": CHINESE,
    "one table": "| row {n} | 1 | [link](https://example.org) |\n",
    "one line of stars": "2*3 **a** x**2 *b* ",
    "one line of tags": "<b>a</b> <i> <u>b</u> <!-- c <x> &amp; ",
    "one line of formulas": "$x^2$ \\(a\\) $5 \\[ b `c` ",
    "footnotes": "Term[^n{n}] and more.\n\n[^n{n}]: note {n}\n\n",
    "quotations": "> > quoted {n}\n> - item\n>\n",
}
HEADS = {"one table": "| a | b | c |\n|---|---|---|\n"}


def text(name: str, length: int) -> str:
    """`length` characters of the pieces of this name."""
    piece = PIECES[name]
    count = length // len(piece) + 1
    return (HEADS.get(name, "") + "".join(piece.replace("{n}", str(number)) for number in range(count)))[:length]


def functions() -> dict[str, Callable[[str], object]]:
    from channels.console.growing import Growing
    from channels.console.typeset import Typesetter
    from channels.discord import dialect
    from channels.feishu import markdown as feishu
    from channels.telegram import markdown as telegram

    typesetter = Typesetter({"NO_COLOR": "1"})

    def console(source: str) -> object:
        return Growing(typesetter).feed(source, width=80, height=40, final=True)

    return {
        "telegram render": lambda source: telegram._rendered(source),
        "telegram measure": telegram.measure,
        "discord render": dialect.convert,
        "discord measure": dialect.measure,
        "feishu render": feishu.render,
        "feishu measure": feishu.measure,
        "console render": console,
    }


def measured() -> list[tuple[str, str, int, float]]:
    """For each function, kind of text and length the microseconds of one call."""
    found = []
    for name, function in functions().items():
        for kind in PIECES:
            for length in LENGTHS:
                if name == "console render" and length > LONGEST_OF_CONSOLE:
                    continue
                once = partial(function, text(kind, length))
                began = time.process_time()
                once()
                number = max(1, min(200, int(0.02 / max(1e-6, time.process_time() - began))))
                least = min(timeit.repeat(once, timer=time.process_time, number=number, repeat=3))
                found.append((name, kind, length, least / number * 1e6))
    return found


if __name__ == "__main__":
    print(json.dumps(measured()))
