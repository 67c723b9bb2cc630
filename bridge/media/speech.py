"""What a recording says, by any server that speaks OpenAI's ``/v1/audio/transcriptions``.

https://platform.openai.com/docs/api-reference/audio/createTranscription; faster-whisper-server, LocalAI, vLLM, Groq and
SiliconFlow have the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bridge.media.errors import Unreadable

log = structlog.get_logger(__name__)

PATH = "/v1/audio/transcriptions"
SPEECH_SECONDS = 120.0
CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 1_000_000
MAX_TRANSCRIPT_CHARACTERS = 50_000
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


@dataclass(frozen=True, slots=True)
class SpeechServer:
    """Where recordings are transcribed. `url` is the root, without ``/v1``."""

    url: str
    key: str = field(default="", repr=False)
    model: str = "whisper-1"

    async def transcribe(self, content: Path, *, name: str = "", mime: str = "") -> str:
        """Return what the recording in the file `content` says. Raises Unreadable."""
        import httpx

        ending = _ENDINGS.get(mime) or Path(name).suffix.lstrip(".") or "ogg"
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        timeout = httpx.Timeout(SPEECH_SECONDS, connect=CONNECT_SECONDS)
        try:
            async with httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False) as http:
                with content.open("rb") as file:
                    answer = await http.post(
                        self.url + PATH,
                        data={"model": self.model, "response_format": "json"},
                        files={"file": (f"recording.{ending}", file, mime or "application/octet-stream")},
                    )
        except httpx.HTTPError as error:
            log.warning("speech server failed", error=type(error).__name__)
            raise Unreadable("speech_away", name) from None
        if answer.status_code != httpx.codes.OK:
            log.warning("speech server refused", status=answer.status_code)
            refused = answer.status_code in (400, 413, 415, 422)
            raise Unreadable("speech_refused" if refused else "speech_away", name)
        text = _text(answer.content[:MAX_ANSWER_BYTES])
        if not text:
            raise Unreadable("nothing_said", name)
        return text[:MAX_TRANSCRIPT_CHARACTERS]


def _text(content: bytes) -> str:
    """Return the transcript; servers answer in JSON, some in plain text whatever they are asked for."""
    try:
        told = json.loads(content)
    except ValueError:
        return content.decode(errors="replace").strip()
    said = told.get("text") if isinstance(told, dict) else told
    return said.strip() if isinstance(said, str) else ""
