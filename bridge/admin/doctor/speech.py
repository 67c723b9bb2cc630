"""The speech server, where one is set: whether it takes a recording, and whether it speaks. Each costs a second."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator

from bridge.diagnostics import Diagnostic
from bridge.media import NotSpoken, SpeechServer, Unreadable, as_file
from bridge.settings import Settings
from bridge.words.shell import DoctorWords

AREA = "speech"
RATE = 16_000
"""Samples a second."""
SPOKEN = "Hello."


async def speech(settings: Settings, words: DoctorWords) -> AsyncIterator[Diagnostic]:
    """Send a second of silence, and have one word spoken. Nothing where no server is set."""
    server = settings.speech()
    if server is None:
        return
    yield await _hears(server, words)
    if server.voice_model:
        yield await _speaks(server, words)


async def _hears(server: SpeechServer, words: DoctorWords) -> Diagnostic:
    with as_file(silence()) as file:
        try:
            await server.transcribe(file, mime="audio/wav")
        except Unreadable as problem:
            if status := problem.values.get("status"):
                return words.speech_refused.found("wrong", AREA, url=server.url, status=status)
            if problem.kind != "nothing_said":
                return words.speech_away.found("wrong", AREA, url=server.url, why=problem.values["why"])
    return words.speech_fine.found("ok", AREA, url=server.url, model=server.model)


async def _speaks(server: SpeechServer, words: DoctorWords) -> Diagnostic:
    try:
        spoken = await server.speak(SPOKEN)
    except NotSpoken as error:
        return words.speech_mute.found("wrong", AREA, model=server.voice_model, why=error)
    if spoken.ending != "ogg":
        return words.speech_no_opus.found("note", AREA, model=server.voice_model, format=spoken.ending)
    return words.speech_speaks.found("ok", AREA, model=server.voice_model)


def silence() -> bytes:
    """Return a second of it, as WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(bytes(2 * RATE))
    return out.getvalue()
