"""Stories of voice messages: heard and answered where there is a server for it, and told where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.emulators.speech import KEY, SpeechEmulator, recording, words_in
from tests.harness import BridgeProcess, until
from tests.media.samples import photo
from tests.platform import Platform, SharedFile


def voice(words: str) -> SharedFile:
    return SharedFile("audio", "voice.ogg", "audio/ogg", recording(words))


@pytest.fixture
async def speech(bot: BridgeProcess) -> AsyncIterator[SpeechEmulator]:
    """A server that transcribes, known to the bot."""
    async with SpeechEmulator() as server:
        await bot.stop()
        bot.settings |= {"BRIDGE_SPEECH_URL": server.url, "BRIDGE_SPEECH_KEY": KEY, "BRIDGE_SPEECH_MODEL": "tiny"}
        bot.settings |= {"BRIDGE_SPEECH_VOICE_MODEL": "tts", "BRIDGE_SPEECH_VOICE": "nova"}
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


def sounds(bot: BridgeProcess) -> list[SharedFile]:
    return [file for bubble in bot.bubbles() for file in bubble.files]


ANSWER = (
    "**Because** air scatters [blue](https://a.example) light:\n\n```python\nprint(1)\n```\n\n- Red passes\n- `n^-4`"
)
SPOKEN = "Because air scatters blue light:\nRed passes.\nn^-4."


async def test_voice_is_answered_with_voice(
    bot: BridgeProcess, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    assert (await bot.ask("/voice on"))[-1].text.startswith("A voice message sent here is answered with voice")
    gateway.answer(ANSWER)
    bubbles = await bot.ask("", files=[voice("Why is the sky blue?")])
    await until(lambda: sounds(bot), "the spoken answer")
    [sound] = sounds(bot)
    assert (sound.kind, words_in(sound.content)) == ("audio", SPOKEN)
    assert "print(1)" in bubbles[0].text, "the text has all of it"
    assert [(each["model"], each["voice"]) for each in speech.spoken] == [("tts", "nova")]
    gateway.answer("Black.")
    await bot.ask("And at night?")
    assert len(speech.spoken) == 1, "what was written is answered in writing"
    await bot.ask("/voice off")
    await bot.ask("", files=[voice("And now?")])
    assert len(speech.spoken) == len(sounds(bot)) == 1


async def test_an_answer_that_is_only_code_is_not_spoken(
    bot: BridgeProcess, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    await bot.ask("/voice on")
    gateway.answer("```\nprint(1)\n```")
    await bot.ask("", files=[voice("Write a program.")])
    assert (speech.spoken, sounds(bot)) == ([], [])


async def test_an_answer_that_cannot_be_spoken_is_read(
    bot: BridgeProcess, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    await bot.ask("/voice on")
    speech.speaks.clear()
    gateway.answer("Blue.")
    await bot.platform.say("", files=[voice("Which colour?")])
    await until(lambda: speech.spoken, "the answer to be spoken")
    speech.down = True
    speech.speaks.set()
    await until(lambda: "🔇 I could not speak this answer." in bot.bubbles()[-1].text, "the note")
    assert "Blue." in bot.bubbles()[-1].text


async def test_a_spoken_answer_is_not_doubled_when_its_post_is_lost(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    await bot.ask("/voice on")
    speech.speaks.clear()
    gateway.answer("Blue.")
    await platform.say("", files=[voice("Which colour?")])
    await until(lambda: speech.spoken and "Blue." in bot.bubbles()[-1].text, "the text")
    platform.lose_answers(2)
    speech.speaks.set()
    await until(lambda: sounds(bot) and not bot.bubbles()[-1].streaming, "the sound")
    await bot.platform.say("Thanks.")
    await until(lambda: gateway.requests[-1].question == "Thanks.", "the end of the turn before")
    assert [words_in(sound.content) for sound in sounds(bot)] == ["Blue."]


async def test_a_spoken_answer_survives_a_kill(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    await bot.ask("/voice on")
    speech.speaks.clear()
    gateway.answer("Blue.")
    await platform.say("", files=[voice("Which colour?")])
    await until(lambda: speech.spoken, "the answer to be spoken")
    await bot.kill()
    speech.speaks.set()
    await bot.start()
    await until(lambda: sounds(bot), "the sound")
    await bot.platform.say("Thanks.")
    await until(lambda: gateway.requests[-1].question == "Thanks.", "the end of the turn before")
    assert [words_in(sound.content) for sound in sounds(bot)] == ["Blue."]
    assert len([each for each in bot.bubbles() if "Which colour?" in each.text]) == 1


async def test_without_a_voice_admins_are_told_how(bot: BridgeProcess) -> None:
    [bubble] = await bot.ask("/voice on")
    assert bubble.text.startswith("I cannot speak here.") and "BRIDGE_SPEECH_VOICE_MODEL" in bubble.text


async def test_of_a_video_both_sound_and_still_are_read(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, speech: SpeechEmulator
) -> None:
    if platform.channel == "discord":
        pytest.skip("Discord has no stills")
    video = SharedFile("video", "clip.mp4", "video/mp4", recording("Look at this."), still=photo(320, 180))
    [bubble] = await bot.ask("", files=[video])
    assert "🎙 Look at this." in bubble.text
    assert gateway.requests[-1].question.endswith("Look at this.")
    assert [len(pictures) for pictures in gateway.requests[-1].pictures] == [1]
    gateway.behave("ok", Behaviour(blind="messages[0]: unknown variant `image_url`, expected `text`"))
    [bubble] = await bot.ask("", files=[video])
    assert "takes no pictures" not in bubble.text, "a model that cannot see is told what was said"
    assert "Look at this." in gateway.requests[-1].question
