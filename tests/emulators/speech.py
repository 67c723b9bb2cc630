"""A server with ``/v1/audio/transcriptions``, as OpenAI describes it: what a recording says is what its bytes spell."""

from __future__ import annotations

from typing import Self

from aiohttp import BodyPartReader, web

ENDINGS = ("flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm")
"""https://platform.openai.com/docs/api-reference/audio/createTranscription"""
KEY = "sk-speech-canary-canary-canary"


def recording(words: str) -> bytes:
    """A recording that says `words`."""
    return b"OggS" + words.encode()


class SpeechEmulator:
    """Used with ``async with``."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.down = False
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=25 << 20)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
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
        if fields["file"].rpartition(".")[2] not in ENDINGS or not content.startswith(b"OggS"):
            return web.json_response({"error": {"message": "Invalid file format."}}, status=400)
        return web.json_response({"text": content[4:].decode()})
