"""Each kind of file, killed at a random moment on the way: its answer stands there once, whole and in order."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.emulators.speech import KEY, SpeechEmulator, recording, words_in
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.media import documents
from tests.media.samples import photo
from tests.platform import Bubble, Platform, SharedFile
from tests.platforms import PLATFORMS

SEED = int(os.environ.get("KILL_SEED", "1"))
MAX_SECONDS = 2.5
"""The latest moment of a kill; an answer takes about as long."""
WORDS = " ".join(f"word{number}" for number in range(60))


def _shot(number: int = 0) -> SharedFile:
    return SharedFile("image", f"shot{number}.jpg", "image/jpeg", photo(1600 + number, 1200))


def _drawn(number: int) -> bytes:
    return photo(50 + number, 40, format="PNG")


def _pages(count: int) -> bytes:
    return documents.text_pdf(
        [f"Page {number} of it.\n" + "A further line of it.\n" * 40 for number in range(1, count + 1)]
    )


ROWS = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 500))


@dataclass(frozen=True)
class Kind:
    sent: list[SharedFile]
    pictures: tuple[bytes, ...] = ()
    """What the model draws."""
    asked: str = ""
    """What stands in the question that the model gets."""
    seen: int = 0
    """The pictures that it gets."""
    spoken: bool = False
    above: str = ""
    """What stands above the answer."""
    below: str = ""


KINDS = {
    "photo": Kind([_shot()], seen=1),
    "album of five": Kind([_shot(number) for number in range(5)], seen=5),
    "PDF of 300 pages": Kind(
        [SharedFile("file", "a.pdf", "application/pdf", _pages(300))], asked="Page 1 of it", below="300 pages; I read"
    ),
    "spreadsheet": Kind(
        [SharedFile("file", "a.xlsx", "", documents.spreadsheet({"Sums": ROWS}))], asked="Sheet 1: Sums"
    ),
    "text in GBK": Kind(
        [SharedFile("file", "a.txt", "text/plain", ("今天天气不错。\n" * 50).encode("gbk"))], asked="今天天气不错"
    ),
    "voice": Kind(
        [SharedFile("audio", "voice.ogg", "audio/ogg", recording("Say it."))],
        asked="Say it.",
        spoken=True,
        above="🎙 Say it.",
    ),
    "a picture back": Kind([_shot()], (_drawn(0),), seen=1),
    "three pictures back": Kind([_shot()], tuple(map(_drawn, range(3))), seen=1),
}


@pytest.fixture(params=PLATFORMS)
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """Telegram at its own pace: the moments are drawn for answers that take as long as they do there."""
    async with (PLATFORMS | {"telegram": TelegramPlatform})[request.param]() as platform:
        yield platform


@pytest.mark.timeout(500)
async def test_killed_at_any_moment_each_is_answered_once(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    moments = random.Random(f"{platform.channel}{SEED}")
    async with SpeechEmulator() as speech:
        await bot.stop()
        bot.settings |= {"BRIDGE_SPEECH_URL": speech.url, "BRIDGE_SPEECH_KEY": KEY, "BRIDGE_SPEECH_VOICE_MODEL": "tts"}
        await bot.start()
        await bot.ask("/voice on")
        for name, kind in KINDS.items():
            moment = moments.uniform(0.0, MAX_SECONDS)
            what = f"{name}, killed after {moment:.2f} s"
            before = len(bot.bubbles())
            gateway.behave("ok", Behaviour(text=WORDS, pictures=kind.pictures, tokens_per_second=120))
            await platform.say("", files=kind.sent)
            await asyncio.sleep(moment)
            await bot.kill()
            await bot.start()

            def stands(before: int = before, kind: Kind = kind) -> bool:
                return _wrong(bot.bubbles()[before:], kind) == ""

            try:
                await until(stands, what)
            except AssertionError:
                raise AssertionError(f"{what}: {_wrong(bot.bubbles()[before:], kind)}") from None
            question = gateway.requests[-1]
            assert kind.asked in str(question.messages[-1]["content"]), what
            assert len(question.pictures[-1]) >= kind.seen, what
            gateway.behave("ok", Behaviour(text="You are welcome."))
            there = len(bot.bubbles())
            assert [bubble.text for bubble in await bot.ask("Thanks.")] == ["You are welcome."], what
            assert len(bot.bubbles()) == there + 1 and _wrong(bot.bubbles()[before:there], kind) == "", what
            await bot.ask("/new")


def _wrong(bubbles: list[Bubble], kind: Kind) -> str:
    """What is not as it should be in an answer; nothing where all is."""
    text = "\n".join(bubble.text for bubble in bubbles if bubble.text)
    files = [file for bubble in bubbles for file in bubble.files]
    if " ".join(text.split()).count(WORDS) != 1 or text.count("word0 ") != 1:
        return f"the words: {text!r}"
    if kind.above not in text.partition("word0")[0] or kind.below not in text.partition("word59")[2]:
        return f"what stands around the words: {text!r}"
    if any(bubble.streaming or "Stop" in bubble.buttons for bubble in bubbles):
        return "it is not at rest"
    if kind.spoken:
        spoken = [words_in(file.content) for file in files]
        return "" if spoken == [f"{WORDS}."] else f"spoken: {spoken}"
    return "" if [file.content for file in files] == list(kind.pictures) else f"{len(files)} files"
