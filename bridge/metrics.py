"""What is counted while the bridge runs, and how Prometheus reads it.

Plain numbers from the start of the process, so that counting costs nothing where nobody asks. Labels come from small
fixed sets (a channel, an ending, the name of an error); never a person, a chat, a model or a word that was said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Literal

PREFIX = "cherry_bridge_"
TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of `exposition`: https://prometheus.io/docs/instrumenting/exposition_formats/"""


class Family:
    """Numbers of one name, one for each combination of its labels' values."""

    def __init__(self, kind: Literal["counter", "gauge"], name: str, about: str, *labels: str) -> None:
        self.kind: str = kind
        self.name = PREFIX + name
        self.about = about
        self._labels = labels
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}
        FAMILIES.append(self)

    def add(self, *values: str, amount: float = 1.0) -> None:
        self._values[values] = self._values.get(values, 0.0) + amount

    def set(self, number: float, *values: str) -> None:
        self._values[values] = number

    def get(self, *values: str) -> float:
        """0 where nothing has been counted."""
        return self._values.get(values, 0.0)

    def total(self) -> float:
        """Over all labels."""
        return sum(self._values.values())

    def lines(self) -> Iterator[str]:
        for values, number in sorted(self._values.items()):
            # A label without a value is the same as no label: https://prometheus.io/docs/concepts/data_model/
            labels = ",".join(f'{label}="{value}"' for label, value in zip(self._labels, values, strict=True) if value)
            yield f"{self.name}{f'{{{labels}}}' if labels else ''} {number:.15g}"


class Histogram:
    """How many of the observed times were at most each bound. `bounds` ascend."""

    kind = "histogram"

    def __init__(self, name: str, about: str, bounds: tuple[float, ...]) -> None:
        self.name = PREFIX + name
        self.about = about
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        FAMILIES.append(self)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def lines(self) -> Iterator[str]:
        below = list(accumulate(self._counts))
        for bound, count in zip([*(f"{bound:g}" for bound in self._bounds), "+Inf"], below, strict=True):
            yield f'{self.name}_bucket{{le="{bound}"}} {count}'
        yield f"{self.name}_sum {self._sum:.15g}"
        yield f"{self.name}_count {below[-1]}"


FAMILIES: list[Family | Histogram] = []

TURNS = Family("counter", "turns_total", "Questions answered, by how the answer ended.", "channel", "ended")
FIRST_TEXT = Histogram(
    "first_text_seconds",
    "From taking up a question until the first words of its answer stood on the platform.",
    (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 60),
)
QUEUE = Histogram(
    "queue_seconds",
    "From when a message was sent until it was taken up.",
    (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
WRITES = Family("counter", "writes_total", "Calls that changed what people see: post, edit, delete.", "channel", "kind")
RATE_LIMITS = Family("counter", "rate_limits_total", "Calls that a platform refused for rate.", "channel")
ERRORS = Family("counter", "errors_total", "Failures, by the name of the error.", "kind")
SET_ASIDE = Family("counter", "events_set_aside_total", "Events that could not be understood.", "channel")
GIVEN_UP = Family("counter", "turns_set_aside_total", "Messages given up after their attempts or a refusal.", "channel")
CHANNEL_UP = Family("gauge", "channel_up", "1 where the channel is open.", "channel")
GATEWAY_UP = Family("gauge", "gateway_up", "1 where a gateway answered when it was last asked.", "gateway")
FALLBACKS = Family("counter", "fallbacks_total", "Answers by another model than the first, by why.", "reason")
MEDIA_BYTES = Family("gauge", "media_bytes", "Bytes of pictures and files in the store, of all processes.")
MEDIA_EVICTED = Family("counter", "media_evicted_total", "Chats whose pictures and files went to make room.")
ATTACHMENTS = Family("counter", "attachments_total", "Attachments, by what became of them.", "channel", "outcome")
PROCESSES = Family("gauge", "processes", "Processes that share this store.")
LOOP_LAG = Family("gauge", "loop_lag_seconds", "By how much the event loop runs late; 0 with few answers under way.")
ANSWERS_WAITING = Family("gauge", "answers_waiting", "Answers that wait until this process keeps up.")


def failed(error: BaseException) -> None:
    """Count a failure by its kind; what it says may hold somebody's words and is not counted by."""
    ERRORS.add(type(error).__name__)


def exposition() -> str:
    """Every number in Prometheus's text format."""
    return "".join(
        f"# HELP {family.name} {family.about}\n# TYPE {family.name} {family.kind}\n"
        + "".join(f"{line}\n" for line in family.lines())
        for family in FAMILIES
    )
