"""What comes of a completion while it is written, as values.

Structs without garbage collection: there is one for every read from the network. Making one takes 37 ns, a
NamedTuple 165 ns (CPython 3.11, msgspec 0.22).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bridge.types import Thought


class Usage(Struct, frozen=True, gc=False):
    """What a completion cost, in tokens, as the provider counts them."""

    prompt_tokens: int
    completion_tokens: int


class TextDelta(Struct, frozen=True, gc=False):
    """More of the answer's text."""

    text: str


class ReasoningDelta(Struct, frozen=True, gc=False):
    """More of what the model thinks before and between the parts of its answer. It is not part of the answer."""

    text: str


class TextReclassified(Struct, frozen=True, gc=False):
    """All text so far was reasoning: a model closed a thought that it had not opened.

    A reader appends the text to the reasoning and restarts the text.
    """


class Heard(Struct, frozen=True, gc=False):
    """What a recording says that came with the question. It is shown above the answer and is no part of it."""

    text: str


class Picture(Struct, frozen=True, gc=False):
    """A picture that the model made. Either `data` holds its bytes, or `url` says where it is."""

    data: bytes = b""
    url: str = ""
    mime: str = ""
    """The type that came with `data`, such as ``image/png``; empty where none did."""
    alt: str = ""
    """What it shows, in words."""


class Spoken(Struct, frozen=True, gc=False):
    """The answer as a sound, which follows its text. `ending` is what names of such files end with.

    `data` is empty where it was to be spoken and could not be.
    """

    data: bytes = b""
    mime: str = ""
    ending: str = ""


class Source(Struct, frozen=True, gc=False):
    """A page, or a passage of a document, that the answer rests on."""

    url: str
    """Empty for a document, which has none that people could open."""
    title: str = ""
    number: int = 0
    """By which the text refers to it, as in ``[1]``; 0 where it does not."""
    where: str = ""
    """Of a document: the page or the heading."""
    excerpt: str = ""
    """Of a document: how the passage begins."""


class ToolCallDelta(Struct, frozen=True, gc=False):
    """A part of a tool call: of the call number `index`, its `id` and `name` once, its `arguments` bit by bit."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    """JSON, as the model wrote it; what the parts hold, joined."""


class StepText(Struct, frozen=True, gc=False):
    """What step `number` of a chain, counted from 0, has given so far: the whole of it. It is no part of the answer."""

    number: int
    name: str
    text: str


StepState = Literal["running", "done", "failed", "silent", "refused", "unknown"]
"""``silent``: it did not answer in time. ``refused``: nobody allowed it. ``unknown``: the bridge ended while it ran,
and it is not run again."""


class ToolStep(Struct, frozen=True, gc=False):
    """How far a tool call of the answer has come; a later one of the same `id` takes its place."""

    id: str
    title: str
    """What people read of it."""
    state: StepState
    seconds: float = 0.0
    detail: str = ""
    """What was asked and what came of it, shortened, for those who want to see it."""
    progress: str = ""
    """How far it has come, in its server's words; empty where that does not say."""


class Attached(Struct, frozen=True, gc=False):
    """A file that a tool gave back, and that is no picture."""

    name: str
    mime: str
    data: bytes


class ApprovalAsked(Struct, frozen=True, gc=False):
    """The answer goes no further until somebody has allowed a tool call, or not. The last event of its stream."""

    id: str
    title: str
    server: str
    arguments: str
    """JSON, as the model wrote it."""


class ToolsExhausted(Struct, frozen=True, gc=False):
    """The model would have called further tools, after `rounds` answers that did."""

    rounds: int


class Unsupported(Struct, frozen=True, gc=False):
    """Something came that the bridge cannot read; `kind` is the provider's word for it, such as ``audio``."""

    kind: str


class Finished(Struct, frozen=True, gc=False):
    """The answer is complete. Always the last event, and missing where a GatewayError ends the stream."""

    reason: Literal["stop", "length"]
    """``length``: the model would have said more."""
    usage: Usage | None = None
    """None where the provider reports none."""
    model: str = ""
    """The model as the provider names it in the answer; empty where it does not."""


# A `Thought` is whole, and comes after the last `ReasoningDelta` of it: people have read it by then. Its model is given
# it back with what tools gave.
Event = (
    TextDelta
    | ReasoningDelta
    | TextReclassified
    | Heard
    | Picture
    | Spoken
    | Source
    | ToolCallDelta
    | Thought
    | StepText
    | ToolStep
    | Attached
    | ApprovalAsked
    | ToolsExhausted
    | Unsupported
    | Finished
)
"""One thing that a completion yields, and before it what was heard of the question."""


def text_after(text: str, event: Event) -> str:
    """Return what a model has said once `event` has come, where it was `text` before."""
    if isinstance(event, TextDelta):
        return text + event.text
    return "" if isinstance(event, TextReclassified) else text
