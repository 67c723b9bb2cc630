"""What rendering costs for each edit: `python -m tests.benchmarks.rendering [another checkout]`.

With another checkout of the project (main, say) both are measured in turns, each in a process of its own, so that a
busy machine slows them alike. Prints microseconds for one render and one measure, the best of many rounds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROUNDS = 3
PROSE = (
    "## Step {n}\n\nFirst, **install** the package with `pip install thing` and read [the docs](https://example.org/x).\n"
    "It costs $5 or so, and *nothing* else has to be done here; the rest of this sentence is plain text.\n\n"
    "- one item with `code`\n- another **bold** item\n- a third, longer item that says a little more than others\n\n"
)
CODE = "```python\ndef f{n}(x):\n    return x * {n}  # a comment\n```\n\n"
TABLE = "| Name | Value |\n|---|---:|\n| row {n} | 1 |\n| other | 22 |\n\n"
CHINESE = "**重点：**第{n}步，先安装软件包，再看[文档](https://example.org)。其余的都是普通文字，没有别的要做。\n\n"


def text(pieces: str, length: int) -> str:
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        parts.append(pieces.replace("{n}", str(len(parts))))
    return "".join(parts)[:length]


def texts() -> dict[str, str]:
    mixed = PROSE + CODE + PROSE + TABLE
    return {
        "ASCII prose 1,900": text(PROSE, 1900),
        "ASCII mixed 1,900": text(mixed, 1900),
        "ASCII mixed 4,000": text(mixed, 4000),
        "ASCII mixed 20,000": text(mixed, 20_000),
        "ASCII mixed 100,000": text(mixed, 100_000),
        "Chinese 1,900": text(CHINESE, 1900),
        "Chinese 100,000": text(CHINESE, 100_000),
    }


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


def measured() -> dict[str, float]:
    """Microseconds for each function and text, the best of three."""
    found: dict[str, float] = {}
    for name, function in functions().items():
        for label, source in texts().items():
            if name.startswith("console") and len(source) > 20_000:
                continue
            once = partial(function, source)
            once()
            number = max(1, int(1e5 / len(source) / (20 if name.startswith("console") else 1)))
            found[f"{name}, {label}"] = (
                min(timeit.repeat(once, timer=time.process_time, number=number, repeat=5)) / number * 1e6
            )
    return found


def main() -> None:
    if sys.argv[1:] == ["--once"]:
        print(json.dumps(measured()))
        return
    checkouts = [Path.cwd(), *map(Path, sys.argv[1:])]
    best: list[dict[str, float]] = [{} for _ in checkouts]
    for _ in range(ROUNDS):
        for checkout, lowest in zip(checkouts, best, strict=True):
            command = [sys.executable, str(Path(__file__).resolve()), "--once"]
            done = subprocess.run(
                command, cwd=checkout, env={"PYTHONPATH": str(checkout)}, capture_output=True, text=True, check=True
            )
            for name, micros in json.loads(done.stdout).items():
                lowest[name] = min(micros, lowest.get(name, micros))
    for name, micros in best[0].items():
        others = [f"{other[name]:>10.1f} {micros / other[name] - 1:>+7.0%}" for other in best[1:]]
        print(f"{name:<40} {micros:>10.1f} {' '.join(others)}")


if __name__ == "__main__":
    main()
