"""What the scenarios found: tables for people, JSON for later comparison, a picture for the README."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tests.benchmarks.rig import HERE

Column = tuple[str, str]
"""The key of a value, and its heading."""


class Report:
    """Collects the rows of each scenario, and prints them as they come."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.environment: dict[str, Any] = {
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "commit": commit(HERE),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()}",
            "cores": os.cpu_count(),
            "load_before": os.getloadavg()[0],
        }

    def add(self, scenario: str, title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
        self.rows.setdefault(scenario, []).extend(map(dict, rows))
        print(f"\n{title}  (load {os.getloadavg()[0]:.1f})\n\n{table(rows, columns)}", flush=True)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        environment = self.environment | {"load_after": os.getloadavg()[0]}
        path.write_text(json.dumps({"environment": environment, **self.rows}, indent=1))


def commit(tree: Path) -> str:
    asked = subprocess.run(["git", "-C", tree, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return asked.stdout.strip()


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """In Markdown, to be pasted into an issue."""
    cells = [[heading for _, heading in columns], *([_shown(row.get(key)) for key, _ in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|", *lines[1:]])


def _shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
        case _:
            return str(value)


# The picture

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 120, 50, 50


def draw(title: str, points: Sequence[Mapping[str, Any]], lines: Mapping[str, str]) -> str:
    """An SVG: milliseconds against `chats`, both logarithmic; `lines` names each key's line."""
    values = [float(point[key]) for point in points for key in lines if point.get(key)]
    chats = [float(point["chats"]) for point in points]
    low, high = math.floor(math.log10(max(min(values), 0.1))), math.ceil(math.log10(max(values)) + 1e-9)
    span = max(math.log10(max(chats)) - math.log10(min(chats)), 1e-9)

    def x(count: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (math.log10(count) - math.log10(min(chats))) / span

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (math.log10(max(value, 0.1)) - low) / max(high - low, 1)

    def text(at: tuple[float, float], words: str, anchor: str = "middle", colour: str = "#57606a") -> str:
        return f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
        f'<text x="{WIDTH / 2:.0f}" y="28" text-anchor="middle" font-size="16" fill="#1f2328">{escape(title)}</text>',
    ]
    for power in range(low, high + 1):
        level = y(10.0**power)
        parts.append(f'<path d="M{_LEFT} {level:.1f}H{WIDTH - _RIGHT}" stroke="#d1d9e0"/>')
        parts.append(text((_LEFT - 8, level + 4), f"{10.0**power:g} ms", "end"))
    parts += [text((x(count), HEIGHT - _BOTTOM + 20), f"{count:,.0f}") for count in chats]
    parts.append(text(((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 10), "chats that ask within one second"))
    for (key, name), colour in zip(lines.items(), ("#0969da", "#cf222e", "#1a7f37"), strict=False):
        marks = [(x(point["chats"]), y(point[key])) for point in points if point.get(key) is not None]
        if not marks:
            continue
        path = "M" + "L".join(f"{left:.1f} {top:.1f}" for left, top in marks)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{colour}"/>' for left, top in marks]
        parts.append(text((marks[-1][0] + 10, marks[-1][1] + 4), name, "start", colour))
    return "\n".join([*parts, "</svg>", ""])
