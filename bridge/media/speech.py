"""What a recording says, and a text as a recording, by any server that has OpenAI's API for sound.

https://platform.openai.com/docs/api-reference/audio. faster-whisper-server, LocalAI, vLLM, Groq and SiliconFlow have
the same.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bridge.events import Spoken
from bridge.media.errors import Unreadable

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger(__name__)

TRANSCRIPTIONS, SPEECH = "/v1/audio/transcriptions", "/v1/audio/speech"
SPEECH_SECONDS = 120.0
CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 1_000_000
MAX_TRANSCRIPT_CHARACTERS = 50_000
MAX_SPEECH_BYTES = 16_000_000
"""Of one spoken answer: five minutes of Opus take 2 MB, of WAV 15 MB."""
_ENDINGS = {
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "m4a",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/webm": "webm",
    "audio/flac": "flac",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
"""Servers tell a format by the ending of the file's name."""


_SOUNDS = (
    (b"OggS", "audio/ogg", "ogg"),
    (b"ID3", "audio/mpeg", "mp3"),
    (b"\xff\xfb", "audio/mpeg", "mp3"),
    (b"\xff\xf3", "audio/mpeg", "mp3"),
    (b"RIFF", "audio/wav", "wav"),
    (b"fLaC", "audio/flac", "flac"),
)
"""How the sounds begin that servers make. Opus in Ogg is asked for; some make what they can."""


class NotSpoken(Exception):
    """The speech server gave no sound. It says why for logs, without a word of the text."""


@dataclass(frozen=True, slots=True)
class SpeechServer:
    """Where recordings are transcribed, and answers spoken. `url` is the root, without ``/v1``."""

    url: str
    key: str = field(default="", repr=False)
    model: str = "whisper-1"
    """Transcribes."""
    voice_model: str = ""
    """Speaks; empty where none does."""
    voice: str = "alloy"

    async def transcribe(self, content: Path, *, name: str = "", mime: str = "") -> str:
        """Return what the recording in the file `content` says. Raises Unreadable."""
        import httpx

        ending = _ENDINGS.get(mime) or Path(name).suffix.lstrip(".") or "ogg"
        try:
            async with self._client() as http:
                with content.open("rb") as file:
                    answer = await http.post(
                        self.url + TRANSCRIPTIONS,
                        data={"model": self.model, "response_format": "json"},
                        files={"file": (f"recording.{ending}", file, mime or "application/octet-stream")},
                    )
        except httpx.HTTPError as error:
            log.warning("speech server failed", error=type(error).__name__)
            raise Unreadable("speech_away", name, why=type(error).__name__) from None
        if answer.status_code != httpx.codes.OK:
            log.warning("speech server refused", status=answer.status_code)
            refused = answer.status_code in (400, 413, 415, 422)
            raise Unreadable("speech_refused" if refused else "speech_away", name, status=answer.status_code)
        text = _text(answer.content[:MAX_ANSWER_BYTES])
        if not text:
            raise Unreadable("nothing_said", name)
        return text[:MAX_TRANSCRIPT_CHARACTERS]

    async def speak(self, text: str) -> Spoken:
        """Return `text` as a sound: Opus in Ogg, or what else the server makes. Raises NotSpoken."""
        import httpx

        request = {"model": self.voice_model, "voice": self.voice, "input": text, "response_format": "opus"}
        content = bytearray()
        try:
            async with (
                asyncio.timeout(SPEECH_SECONDS),
                self._client() as http,
                http.stream("POST", self.url + SPEECH, json=request) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise NotSpoken(f"HTTP {answer.status_code}")
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > MAX_SPEECH_BYTES:
                        raise NotSpoken("too large")
        except (httpx.HTTPError, TimeoutError) as error:
            raise NotSpoken(type(error).__name__) from None
        for beginning, mime, ending in _SOUNDS:
            if content.startswith(beginning):
                return Spoken(bytes(content), mime, ending)
        raise NotSpoken("no sound")

    def _client(self) -> httpx.AsyncClient:
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        timeout = httpx.Timeout(SPEECH_SECONDS, connect=CONNECT_SECONDS)
        return httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)


def _text(content: bytes) -> str:
    """Return the transcript; servers answer in JSON, some in plain text whatever they are asked for."""
    try:
        told = json.loads(content)
    except ValueError:
        return content.decode(errors="replace").strip()
    said = told.get("text") if isinstance(told, dict) else told
    return said.strip() if isinstance(said, str) else ""
