"""An SVG that plays like a film: one picture under the other in a long strip, and a window that jumps along it.

GitHub shows an SVG as an image: scripts and anything from outside are dead there, CSS animations are alive. Whatever
is drawn more than once is drawn once and used by its name. Where a person wants no motion, and where nothing moves,
the window stays at the picture that was chosen as the still one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True, slots=True)
class Frame:
    body: str
    seconds: float


@dataclass
class Shelf:
    """What is drawn more than once, by its content."""

    names: dict[str, str] = field(default_factory=dict)

    def use(self, drawing: str, x: float = 0, y: float = 0) -> str:
        """`drawing`, moved to x and y."""
        if not drawing:
            return ""
        name = self.names.setdefault(drawing, f"d{len(self.names)}")
        return f'<use href="#{name}"{attributes(x=x or None, y=y or None)}/>'

    def definitions(self) -> str:
        return "".join(f'<g id="{name}">{drawing}</g>\n' for drawing, name in self.names.items())


def attributes(**values: str | float | None) -> str:
    """What is None is left out; an underscore is a hyphen, one at the end stands for nothing."""
    return "".join(
        f" {name.rstrip('_').replace('_', '-')}={quoteattr(number(value) if isinstance(value, int | float) else value)}"
        for name, value in values.items()
        if value is not None
    )


def element(tag: str, content: str | None = None, /, **values: str | float | None) -> str:
    """`content` is markup already; without it the element is empty."""
    opening = f"<{tag}{attributes(**values)}"
    return f"{opening}/>" if content is None else f"{opening}>{content}</{tag}>"


def text(words: str, x: float, y: float, **values: str | float | None) -> str:
    return element("text", escape(words), x=x, y=y, **values)


def number(value: float) -> str:
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")


def strip(frames: Sequence[Frame], *, width: float, height: float, still: int, x: float = 0, y: float = 0) -> str:
    """The frames as a film in a window of that size at x and y; its style is part of it."""
    whole = sum(frame.seconds for frame in frames)
    stops, passed = [], 0.0
    for index, frame in enumerate(frames):
        stops.append(f"{passed / whole * 100:.3f}%{{transform:translateY({number(-index * height)}px)}}")
        passed += frame.seconds
    resting = f"transform:translateY({number(-still * height)}px)"
    style = (
        f".film{{{resting};animation:film {number(whole)}s step-end infinite}}\n"
        f"@keyframes film{{{''.join(stops)}}}\n"
        f"@media (prefers-reduced-motion:reduce){{.film{{animation:none;{resting}}}}}"
    )
    # A nested svg is a window of its own: what reaches beyond it is not seen.
    pictures = "\n".join(
        element("svg", frame.body, y=index * height or None, width=width, height=height)
        for index, frame in enumerate(frames)
    )
    film = element("g", f"\n{pictures}\n", class_="film", transform=f"translate(0 {number(-still * height)})")
    return f"<style>\n{style}\n</style>\n" + element("svg", film, x=x, y=y, width=width, height=height)


def document(body: str, *, width: float, height: float, title: str, style: str, shelf: Shelf) -> str:
    """The file: `title` is what a screen reader says."""
    head = attributes(
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
    )
    return (
        f"<svg{head}>\n<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n"
        f"<defs>\n{shelf.definitions()}</defs>\n{body}\n</svg>\n"
    )
