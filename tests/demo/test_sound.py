"""The demo's speech server, by the client that the bridge has for all of them."""

from __future__ import annotations

from pathlib import Path

from bridge.demo import DemoSpeech
from bridge.demo.sound import HEARD
from bridge.media import SpeechServer


async def test_it_hears_and_speaks_real_opus(tmp_path: Path) -> None:
    recording = tmp_path / "a.ogg"
    recording.write_bytes(b"OggS")
    async with DemoSpeech() as demo:
        server = SpeechServer(demo.url, voice_model=demo.model)
        assert await server.transcribe(recording) == HEARD
        spoken = await server.speak("Good evening.")
        assert (spoken.mime, spoken.data[:4]) == ("audio/ogg", b"OggS") and b"OpusHead" in spoken.data[:64]
