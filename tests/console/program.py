"""A small program for a person in a terminal: the console, and a bridge that answers by heart.

`python -m tests.console.program FOLDER` writes each message it is given to FOLDER/heard, one JSON object a
line, and where an answer says so waits in the middle until FOLDER/go is there. What it is asked is the name of an
answer in `ANSWERS`, or a word of `Bridge.answer`; anything else is repeated.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import uvloop

from bridge.channel import Command
from bridge.inbound import Pressed, Reacted, Said
from bridge.types import Body, BodyFile, Button
from channels.console import Settings
from channels.console.adapter import Console, Line

PAUSE = "⏸"
"""In an answer: wait here for FOLDER/go."""

PROSE = " ".join(f"word{number}" for number in range(40))
CODE = "\n".join(f"line_{number} = {number}  # counted" for number in range(60))

ANSWERS = {
    "short": "Blue light is **scattered** most.",
    "sky": f"First paragraph.\n\n{PAUSE}Second *paragraph*, still growing{PAUSE} and done.",
    "long": "\n\n".join(f"Paragraph {number}. {PROSE}" for number in range(12)),
    "longcode": f"Here it is:\n\n```python\n{CODE}\n```\n\nThat was all.",
    "longlist": "\n".join(f"{number}. item number {number}" for number in range(1, 61)),
    "longpara": " ".join(f"term{number}" for number in range(600)),
    "table": f"| 名字 | Age |\n|:--|--:|\n| 张三 | 3 |\n{PAUSE}| Bob 🎉 | 12345 |\n\nBelow.",
    "code": "```python\ndef f():\n    return [1]\n```",
    "escape": "safe \x1b]0;owned\x07\x1b[2J\x1b[31m[red]text[/red]\x9b5n <b>bold</b>\r\nend",
    "resize": f"{PROSE}\n\n{PROSE} {PAUSE}{PROSE}",
    "flags": f"{'🇫🇷' * 90}{PAUSE} and all their friends.",
    "wide": "这是一个很长的句子，" * 12 + "👩‍👩‍👧 end",
}


MODELS = [*(f"openai:gpt-{number}" for number in range(50)), "ollama:qwen3:8b"]


class Bridge:
    """It is its own `Host`: it admits everybody, and suggests models."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.folder = folder
        self.console = console
        self.stopped = asyncio.Event()
        self.turns: asyncio.Queue[Said] = asyncio.Queue()

    async def admits(self, message: Said | Pressed) -> bool:
        return True

    async def needs_groups(self, message: Said | Pressed | Reacted) -> bool:
        return False

    async def suggest(self, command: str, typed: str, message: Said) -> list[Button]:
        return [Button(model, f"/{command} {model}") for model in MODELS if typed in model]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            worker = tasks.create_task(self.work())
            async for [message] in self.console.listen(self):
                assert isinstance(message, Said)
                with (self.folder / "heard").open("ab") as file:
                    file.write(msgspec.json.encode(message) + b"\n")
                if message.text == "/stop":
                    self.stopped.set()
                else:
                    self.turns.put_nowait(message)
            worker.cancel()

    async def work(self) -> None:
        while True:
            message = await self.turns.get()
            self.stopped.clear()
            await self.answer(message)

    async def answer(self, message: Said) -> None:
        console, chat, text = self.console, message.chat, message.text
        if text in ANSWERS:
            await self.stream(message, ANSWERS[text])
        elif text == "think":
            while not self.stopped.is_set() and not self.went_on():
                await console.typing(chat)
                await asyncio.sleep(0.05)
            await console.post(chat, Body("Thought."), key=message.id[:25], final=True)
        elif text == "endless":
            await self.stream(message, "\n\n".join(f"Paragraph {number}." for number in range(10_000)))
        elif text == "late":
            await console.post(chat, Body("Soon."), key="soon", final=True)
            await self.until_go()
            await self.stream(message, "Much *later*.")
        elif text == "twice":
            await self.stream(message, "One.\n\nTwo.")
            await self.stream(message, "One.\n\nTwo.")
            await console.posted(chat, message.id[:25]).edit(Body("One.\n\nTwo.\n\nThree."), final=True)
        elif text == "other":
            await console.posted(chat, "of-another-process").edit(Body("Taken up."), final=True)
        elif text == "note":
            await console.post(chat, Body("The answer so f"), key="a", final=False)
            note = await console.post(chat, Body("A note."), key="b", final=True)
            await console.posted(chat, "a").edit(Body("The answer so far."), final=True)
            await note.edit(Body("A note."), final=True)
        elif text == "delete":
            posted = await console.post(chat, Body("Never mind."), key="d", final=False)
            await self.until_go()
            await posted.delete()
        elif text == "reasoning":
            posted = await console.post(chat, Body(aside="I *wonder*"), key="r", final=False)
            await self.until_go()
            await posted.edit(Body("It is **so**.", aside="I *wonder* why."), final=False)
            await posted.edit(Body("It is **so**.\n\nReally.", aside="I *wonder* why."), final=True)
        elif text == "tools":
            posted = await console.post(chat, Body("Looking", aside="search: sky"), key="t", final=False)
            await posted.edit(Body("Looking", aside="search: sky\n\nsearch: blue"), final=False)
            await posted.edit(Body("Looking\n\nFound.", aside="search: sky\n\nsearch: blue"), final=True)
        elif text == "running":
            posted = await console.post(chat, Body(aside="A runs", aside_unfinished=1), key="run", final=False)
            await posted.edit(Body("Let me look.", aside="A: done\nB runs", aside_unfinished=1), final=False)
            await self.until_go()
            await posted.edit(Body("Let me look.", aside="A: done\nB: done"), final=False)
            await posted.edit(Body("Let me look.\n\nFound.", aside="A: done\nB: done"), final=True)
        elif text == "picture":
            content = (self.folder / "cat.png").read_bytes() if (self.folder / "cat.png").exists() else b"meow"
            picture = BodyFile.of("image", "../a cat.png", "image/png", content, "A cat")
            posted = await console.post(chat, Body(files=(picture,)), key=message.id[:25], final=True)
            await posted.edit(Body(files=(picture,)), final=True)
        elif text == "fault":
            raise RuntimeError(text)
        elif text == "crash":
            await console.post(chat, Body("Half an ans"), key="c", final=False)
            await self.until_go()
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            await console.post(chat, Body(f"You said {text!r}."), key=message.id[:25], final=True)

    async def stream(self, message: Said, text: str) -> None:
        """As the reply engine does: the whole text each time, and no faster than the limits allow."""
        posted: Line | None = None
        shown = ""
        for piece in pieces(text):
            if piece == PAUSE:
                await self.until_go()
                continue
            if self.stopped.is_set():
                shown += "\n\n*stopped*"
                break
            shown += piece
            if posted is None:
                posted = await self.console.post(message.chat, Body(shown), key=message.id[:25], final=False)
            else:
                await posted.edit(Body(shown), final=False)
            await asyncio.sleep(0.002)
        assert posted
        await posted.edit(Body(shown), final=True)

    def went_on(self) -> bool:
        """Whether FOLDER/go is there; each go counts once."""
        try:
            (self.folder / "go").unlink()
        except FileNotFoundError:
            return False
        return True

    async def until_go(self) -> None:
        while True:
            if self.went_on():
                return
            await asyncio.sleep(0.01)


def pieces(text: str) -> list[str]:
    found = []
    for number, part in enumerate(text.split(PAUSE)):
        found += [PAUSE] * bool(number)
        found += [part[at : at + 40] for at in range(0, len(part), 40)]
    return found


async def main(folder: Path) -> None:
    async with Settings(user="mia", data_dir=folder).open_channel() as console:
        if "--greet" in sys.argv:
            await console.post(console.chat, Body("Welcome, **mia**."), key="greeting", final=True)
        commands = [
            Command("help", {"en": "What I can do", "zh-CN": "我会什么"}),
            Command("model", {"en": "Choose the model", "zh-CN": "选择模型"}, argument="model", completes=True),
            Command("allow", {"en": "Let somebody in"}, admin=True),
        ]
        await console.publish(commands, [])
        if "--deaf" in sys.argv:
            await asyncio.Event().wait()
        await Bridge(folder, console).run()


if __name__ == "__main__":
    # The loop that the bridge itself runs on.
    with asyncio.Runner(loop_factory=None if sys.platform == "win32" else uvloop.new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1])))
    assert os.get_blocking(sys.stdin.fileno()), "the shell would find its input non-blocking"
    print("left")
