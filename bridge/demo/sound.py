"""A speech server that goes as far as a demo does: it hears nothing, and always says the same, in real Opus.

``texts/voice.ogg`` was made by eSpeak NG and opusenc.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Self

from aiohttp import web

HEARD = "Hello! (The demo cannot listen; it takes every recording for these words.)"
MAX_BYTES = 25 << 20


class DemoSpeech:
    """Used with ``async with``."""

    model = "demo-voice"

    def __init__(self, *, host: str = "127.0.0.1") -> None:
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_post("/v1/audio/transcriptions", _transcribe)
        app.router.add_post("/v1/audio/speech", _speak)
        self._host = host
        self._runner = web.AppRunner(app, access_log=None)
        self.url = ""
        """Where it listens, once entered."""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, 0).start()
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()


async def _transcribe(request: web.Request) -> web.Response:
    if isinstance((await request.post()).get("file"), web.FileField):
        return web.json_response({"text": HEARD})
    return _refused("file is missing")


async def _speak(request: web.Request) -> web.Response:
    try:
        words = (await request.json())["input"]
    except (ValueError, KeyError, TypeError):
        words = ""
    if not isinstance(words, str) or not words.strip():
        return _refused("input is missing")
    return web.Response(body=files("bridge.demo.texts").joinpath("voice.ogg").read_bytes(), content_type="audio/ogg")


def _refused(why: str) -> web.Response:
    return web.json_response({"error": {"message": why, "type": "invalid_request_error"}}, status=400)
