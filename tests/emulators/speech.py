"""A server with OpenAI's API for sound: what a recording says is what its bytes spell, and so it speaks."""

from __future__ import annotations

import asyncio
import struct
from typing import Self

from aiohttp import BodyPartReader, web

ENDINGS = ("flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm")
"""https://platform.openai.com/docs/api-reference/audio/createTranscription"""
KEY = "sk-speech-canary-canary-canary"


def recording(words: str) -> bytes:
    """A recording that says `words`."""
    return b"OggS" + words.encode()


MAX_INPUT = 4096
"""https://platform.openai.com/docs/api-reference/audio/createSpeech"""
_SILENCE = b"\xf8\xff\xfe"
"""20 ms of silence in Opus."""


def spoken(words: str) -> bytes:
    """A second of silence in Ogg with Opus (RFC 7845), in whose comment `words` stand."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    comment = words.encode()
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<II", 1, len(comment)) + comment
    return _page(0, 2, 0, [head]) + _page(1, 0, 0, [tags]) + _page(2, 4, 48000, [_SILENCE] * 50)


def words_in(sound: bytes) -> str:
    """The words that `spoken` put there."""
    at = sound.index(b"OpusTags") + 16
    (length,) = struct.unpack_from("<I", sound, at)
    return sound[at + 4 : at + 4 + length].decode()


def _page(number: int, flags: int, position: int, packets: list[bytes]) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    assert len(lacing) <= 255, "short words only"
    page = b"OggS" + struct.pack("<BBqIIIB", 0, flags, position, 1, number, 0, len(lacing)) + lacing + b"".join(packets)
    check = 0
    for byte in page:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1) ^ (0x04C11DB7 if check & 0x80000000 else 0)
        check &= 0xFFFFFFFF
    return page[:22] + struct.pack("<I", check) + page[26:]


class SpeechEmulator:
    """Used with ``async with``."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.down = False
        self.spoken: list[dict[str, str]] = []
        """What it was asked to speak."""
        self.speaks = asyncio.Event()
        """Whether it does; until it is set, it takes its time."""
        self.speaks.set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=25 << 20)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        app.router.add_post("/v1/audio/speech", self._speak)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _transcribe(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"message": "Incorrect API key provided"}}, status=401)
        if self.down:
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        fields, content = {}, b""
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "file":
                content, fields["file"] = bytes(await part.read()), part.filename or ""
            else:
                fields[part.name or ""] = await part.text()
        self.requests.append(fields)
        if content.startswith(b"RIFF"):
            return web.json_response({"text": ""})  # a recording without a word
        if fields["file"].rpartition(".")[2] not in ENDINGS or not content.startswith(b"OggS"):
            return web.json_response({"error": {"message": "Invalid file format."}}, status=400)
        return web.json_response({"text": content[4:].decode()})

    async def _speak(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"message": "Incorrect API key provided"}}, status=401)
        asked = await request.json()
        self.spoken.append(asked)
        await self.speaks.wait()
        if asked["model"] == "mute":
            return web.json_response({"error": {"message": "no such model"}}, status=404)
        if self.down:
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        if not 0 < len(asked["input"]) <= MAX_INPUT or asked["response_format"] != "opus":
            return web.json_response({"error": {"message": "Invalid input."}}, status=400)
        return web.Response(body=spoken(asked["input"]), content_type="audio/ogg")
