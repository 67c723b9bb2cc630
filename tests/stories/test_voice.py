"""Stories of voice messages: heard where there is a server for it, and told where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.emulators.speech import KEY, SpeechEmulator, recording
from tests.harness import BridgeProcess
from tests.platform import Platform, SharedFile


def voice(words: str) -> SharedFile:
    return SharedFile("audio", "voice.ogg", "audio/ogg", recording(words))


@pytest.fixture
async def speech(bot: BridgeProcess) -> AsyncIterator[SpeechEmulator]:
    """A server that transcribes, known to the bot."""
    async with SpeechEmulator() as server:
        await bot.stop()
        bot.settings |= {"BRIDGE_SPEECH_URL": server.url, "BRIDGE_SPEECH_KEY": KEY, "BRIDGE_SPEECH_MODEL": "tiny"}
        await bot.start()
        yield server


async def test_what_was_said_stands_above_the_answer(
    bot: BridgeProcess, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    gateway.answer("Because air scatters blue light.")
    [bubble] = await bot.ask("", files=[voice("Why is the sky blue?")])
    assert bubble.text.replace("> ", "").split("\n")[0].strip("▎│ ") == "🎙 Why is the sky blue?"
    assert bubble.text.endswith("Because air scatters blue light.")
    assert gateway.requests[-1].messages[-1]["content"] == "Why is the sky blue?"
    assert [(each["model"], each["response_format"]) for each in speech.requests] == [("tiny", "json")]
    await bot.ask("And at night?")
    assert [message["content"] for message in gateway.requests[-1].messages] == [
        "Why is the sky blue?",
        "Because air scatters blue light.",
        "And at night?",
    ]
    assert KEY not in bot.everything()


async def test_a_server_that_is_away_is_said(
    bot: BridgeProcess, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    speech.down = True
    [bubble] = await bot.ask("", files=[voice("Hello?")])
    assert "I could not have it transcribed just now." in bubble.text
    assert gateway.requests == []
    speech.down = False
    assert "Hello?" in (await bot.ask("", files=[voice("Hello?")]))[-1].text
    assert "I heard no words in it." in (await bot.ask("", files=[voice("")]))[-1].text


async def test_without_a_server_people_are_told_and_admins_how(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    [bubble] = await bot.ask("", files=[voice("Hello?")])
    assert "I cannot listen to recordings here." in bubble.text
    assert "BRIDGE_SPEECH_URL" in bubble.text
    assert (gateway.requests, platform.downloads) == ([], 0)
    if platform.channel != "feishu":  # there, words and a file are two messages
        [bubble] = await bot.ask("Listen!", files=[voice("Hello?")])
        assert "You said: Listen!" in bubble.text and "BRIDGE_SPEECH_URL" in bubble.text
