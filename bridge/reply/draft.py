"""An answer in the making: what has come so far, and how it came to its end. One task adds to it, another shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from mimetypes import guess_extension
from typing import NamedTuple, Self

from bridge.errors import GatewayError
from bridge.events import (
    ApprovalAsked,
    Attached,
    Event,
    Finished,
    Heard,
    Picture,
    ReasoningDelta,
    Source,
    Spoken,
    StepText,
    TextDelta,
    TextReclassified,
    ToolCallDelta,
    ToolsExhausted,
    ToolStep,
    Unsupported,
)
from bridge.reply.citations import link_citations
from bridge.types import BodyFile, Thought
from bridge.wakeup import Wakeup

RECORDING_MARK = "🎙"
"""Before what a recording says."""
PICTURE_MARK = "🖼"
"""The label of a link to a picture that has no words of its own."""


class Aside(NamedTuple):
    """What stands above an answer and apart from it, in Markdown."""

    text: str = ""
    unfinished: int = 0
    """As `Body.aside_unfinished`."""


async def at_once() -> None:
    """Let an answer begin without a wait."""


class Draft:
    """Collects the `events` of one answer, which are read once `admission` has let it begin.

    Where it has ended by itself, `made_of` yields what is made of its whole text.
    `withdraw_if` is asked about a GatewayError that comes before anything else has: if it says so, nothing is shown
    (`withdrawn`), because the question is to wait. The text goes on with `before`, and `files` and
    `sources` stay; where nothing comes, `instead` stands there with them.
    """

    def __init__(
        self,
        events: AsyncIterator[Event],
        *,
        made_of: Callable[[str], AsyncIterator[Event]] | None = None,
        admission: Callable[[], Awaitable[None]] = at_once,
        withdraw_if: Callable[[GatewayError], Awaitable[bool]] | None = None,
        before: str = "",
        instead: str = "",
        files: Sequence[BodyFile] = (),
        sources: Sequence[Source] = (),
    ) -> None:
        self.text = before
        self.meanwhile = ""
        """What is shown for as long as there is neither text nor an end."""
        self.preface = ""
        """What stands above the text and is no part of it."""
        self.reasoning = ""
        self.restarts = 0
        """How often the text began anew, because all of it so far turned out to be reasoning."""
        self.revision = 0
        """Another number after each change of what there is to show."""
        self.files: list[BodyFile] = list(files) if before else []
        """What goes out under the text; complete when the draft is."""
        self.sources: list[Source] = list(sources) if before else []
        self.tools: list[str] = []
        """The names of the tools that the model asked for, and that nobody runs."""
        self.chain: dict[int, StepText] = {}
        """What the steps of a chain have given, by their number."""
        self.unspoken = False
        """Whether the answer was to be spoken, and could not be."""
        self.tool_steps: dict[str, ToolStep] = {}
        """The tool calls of the answer, in order."""
        self.exhausted: ToolsExhausted | None = None
        """That the model was given no further tools, where it would have called some."""
        self.approval: ApprovalAsked | None = None
        """What somebody has to allow before the answer goes on."""
        self.unsupported: list[str] = []
        """What came that the bridge cannot read, in the provider's words."""
        self.finished: Finished | None = None
        """How the answer ended, where it ended by itself."""
        self.complete = False
        """Nothing will be added any more; `error`, `stopped` and `withdrawn` say why."""
        self.stopped = False
        """A person said stop."""
        self.withdrawn = False
        """Nothing of it is to be shown: the question waits."""
        self.error: GatewayError | None = None
        self._thinking_since: float | None = None
        self._thought = 0.0
        self._events = events
        self._made_of = made_of
        self._admission = admission
        self._withdraw_if = withdraw_if
        self._reading: asyncio.Task[None] | None = None
        self._replaced: set[asyncio.Task[None]] = set()
        self._grew = Wakeup()
        self._at_end: Callable[[], None] | None = None
        self._before = before
        self._instead = instead
        self._files, self._sources = files, sources
        self._fell_back = False

    @classmethod
    def whole(cls, text: str, files: list[BodyFile] | None = None) -> Self:
        """Return a draft that is complete from the start."""
        draft = cls(_no_events())
        draft.text, draft.files, draft.complete = text, files or [], True
        return draft

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come that a person or the history could use."""
        return self._fell_back or not (self._new_text.strip() or self._new_files or self.tools or self.tool_steps)

    @property
    def _new_text(self) -> str:
        return self.text[len(self._before) :]

    @property
    def thinking(self) -> bool:
        """Whether the model is at its reasoning now."""
        return self._thinking_since is not None and not self.complete

    @property
    def thought_seconds(self) -> float:
        """Seconds for which the model has been thinking, so far; 0 where it has not."""
        now = 0.0 if self._thinking_since is None else asyncio.get_running_loop().time() - self._thinking_since
        return self._thought + now

    @property
    def _new_files(self) -> int:
        return len(self.files) - (len(self._files) if self._before else 0)

    @property
    def shown_text(self) -> str:
        """The text as people see it: once it is complete, its sources are linked where it refers to them."""
        return link_citations(self.text, self.sources) if self.complete else self.text

    def start(self) -> None:
        """Begin to read, in a task of its own."""
        if self.complete:
            return
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(self._end)

    def stop(self) -> None:
        """Read no further, and keep what there is: a person has read enough."""
        if not self.complete:
            self.stopped = True
            self.close()

    def say_meanwhile(self, text: str) -> None:
        """Show `text` until there is something of the answer to show."""
        self.meanwhile = text
        self._changed()

    def close(self) -> None:
        """Read no further. The stream sees its reader cancelled and closes its connection."""
        if self._reading is not None:
            self._reading.cancel()

    async def closed(self) -> None:
        """Wait until nothing reads any more."""
        if self._reading is not None:
            await asyncio.wait([self._reading, *self._replaced])

    @property
    def has_begun(self) -> bool:
        """Whether there is something to show, or will be no more of it."""
        return self.complete or not self.is_empty

    def withdraw(self) -> None:
        """Read no further, and show nothing more: the question has been withdrawn."""
        if not self.complete:
            self.withdrawn = True
            self.close()

    def restart(self, events: AsyncIterator[Event]) -> None:
        """Read `events` in place of those read so far; what of them is shown already gives way."""
        assert self._reading is not None
        self._reading.remove_done_callback(self._end)
        self._reading.cancel()
        self._replaced.add(self._reading)
        self._reading.add_done_callback(self._replaced.discard)
        self.text, self.reasoning, self.preface = self._before, "", ""
        self.finished = self.error = None
        self.restarts += 1
        self._thinking_since, self._thought = None, 0.0
        self.files = list(self._files) if self._before else []
        self.sources = list(self._sources) if self._before else []
        self.exhausted = self.approval = None
        for found in (self.unsupported, self.tools, self.chain, self.tool_steps):
            found.clear()
        self._events = events
        self.revision += 1
        self.start()

    def at_end(self, call: Callable[[], None] | None) -> None:
        """Call `call` once the draft is complete; one at a time."""
        self._at_end = call

    async def growth(self) -> None:
        """Wait until there is more text, or the end."""
        await self._grew.wait()
        self._grew.clear()

    def check(self) -> None:
        """Raise what broke the reading, where that was neither the gateway nor a person: half is not whole."""
        if self._reading is not None and self._reading.done() and not self._reading.cancelled():
            self._reading.result()

    def _changed(self) -> None:
        self.revision += 1
        self._grew.set()

    def _take(self, event: Event) -> None:
        match event:
            case TextDelta():
                if event.text and self._before == self.text:
                    self.text += seam(self._before, event.text)
                self.text += event.text
                self._speaks()
            case ReasoningDelta():
                self.reasoning += event.text
                self._thinks()
            case TextReclassified():
                self.reasoning, self.text = self.reasoning + self._new_text, self._before
                self.restarts += 1
                self._thinks()
            case Heard():
                quoted = "\n".join(f"> {line}" for line in event.text.splitlines())
                self.preface += f"> {RECORDING_MARK} {quoted.removeprefix('> ')}\n\n"
            case Picture():
                self._take_picture(event)
            case Spoken():
                self.unspoken = not event.data
                if event.data:
                    self.files.append(BodyFile.of("audio", f"answer.{event.ending}", event.mime, event.data))
            case Source():
                self.sources.append(event)
            case Thought():
                pass  # it was told as it came
            case ToolCallDelta():
                if event.name:
                    self.tools.append(event.name)
            case StepText():
                self.chain[event.number] = event
            case ToolStep():
                self._speaks()
                self.tool_steps[event.id] = event
            case Attached():
                self.files.append(BodyFile.of("file", event.name, event.mime, event.data))
            case ToolsExhausted():
                self.exhausted = event
            case ApprovalAsked():
                self.approval = event
            case Unsupported():
                self.unsupported.append(event.kind)
            case Finished():
                self.finished = event

    def _thinks(self) -> None:
        if self._thinking_since is None:
            self._thinking_since = asyncio.get_running_loop().time()

    def _speaks(self) -> None:
        if self._thinking_since is not None:
            self._thought, self._thinking_since = self.thought_seconds, None

    def _take_picture(self, picture: Picture) -> None:
        """Show a picture under the text; one of which only the address came, as a link in it."""
        if picture.data:
            self.files.append(picture_file(picture, len(self.files) + 1))
        else:
            before = "\n\n" if self.text and not self.text.endswith("\n\n") else ""
            self.text += f"{before}[{picture.alt or PICTURE_MARK}](<{picture.url}>)\n\n"

    async def _read(self) -> None:
        try:
            await self._admission()
            async for event in self._events:
                self._take(event)
                self._changed()
            if self.finished is not None and self._made_of is not None:
                async for event in self._made_of(self._new_text):
                    self._take(event)
        except GatewayError as error:  # told after what came before it
            if self.is_empty and not (self.reasoning or self.chain) and self._withdraw_if is not None:
                self.withdrawn = await self._withdraw_if(error)
            self.error = error

    def _end(self, reading: asyncio.Task[None]) -> None:
        self._speaks()
        if self.is_empty and self._instead:
            self.text, self.files, self._fell_back = self._instead, list(self._files), True
            self.sources = list(self._sources)
        self.complete = True
        if self.shown_text != self.text:
            self.restarts += 1  # pages that were left behind may be cut elsewhere
        self._changed()
        if self._at_end is not None:
            self._at_end()


def seam(before: str, more: str) -> str:
    """Return what stands between a text and its continuation: a space, unless one of them brings it or needs none.

    Models are told to go on where they stopped, and most leave out the space that was due.
    """
    end, start = before[-1:], more[:1]
    wide = "\u2e80"  # Chinese, Japanese and Korean, and whatever follows, are written without spaces
    needs_none = not end or end.isspace() or not start.isalnum() or end >= wide or start >= wide
    return "" if needs_none else " "


def picture_file(picture: Picture, number: int) -> BodyFile:
    """Return the file that shows `picture`, the `number`th of its answer, whose content has come."""
    mime = picture.mime or "image/png"
    name = f"picture-{number}{guess_extension(mime) or '.png'}"
    return BodyFile.of("image", name, mime, picture.data, picture.alt)


async def _no_events() -> AsyncIterator[Event]:
    none: tuple[Event, ...] = ()
    for event in none:
        yield event
