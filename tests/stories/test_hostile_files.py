"""Hostile documents through the whole bridge: each gets a sentence, and the next message its answer.

Pictures are in `test_limits_of_pictures.py`. `tests/media/test_hostile_documents.py` reads fifty documents without a
bridge, and holds the limits of the child.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess
from tests.media.hostile import FILES
from tests.platform import SharedFile

MEGABYTE = 1 << 20
MAX_GROWTH_BYTES = 60 * MEGABYTE

BOMB, BROKEN = "is too large once it is unpacked", "it may be damaged"
OUTSIDE = "refers to things outside of it"
SENT: dict[str, str | None] = {
    "zip bomb, flat": BOMB,
    "zip bomb, nested": "is an archive",
    "zip bomb, scattered": BOMB,
    "PDF page tree loop": "",
    "PDF endless stream": "",
    "polyglot PDF and Word": None,
    "claims 64 MB, holds 1 kB": BROKEN,
    "XXE in docx": OUTSIDE,
    "XXE in SVG": None,
    "billion laughs": OUTSIDE,
    "macros in docm": None,
    "program called docx": "I cannot read files like",
    "broken archive": BROKEN,
    "paths in names": None,
    "10,000 pages": None,
    "huge sheet, full": None,
    "mail in mail": None,
    "script in SVG": None,
    "encrypted PDF": "protected by a password",
    "deep XML": BROKEN,
    "names that turn around": None,
}
"""Each with what stands in the sentence about it, if that is always the same; None where it is read, and a model
answers."""


def _memory(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(400)
async def test_hostile_documents_cost_a_sentence_each(gateway: GatewayEmulator, tmp_path: Path) -> None:
    sent = {name: SharedFile("file", FILES[name].name, "", FILES[name].build()) for name in SENT}
    wrong = []
    async with TelegramPlatform() as platform:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user())) as bot:
            await bot.ask("hello", files=[SharedFile("file", "a.txt", "text/plain", b"a text")])
            idle = _memory(bot.pid, "VmRSS")
            _forget_peak(bot.pid)
            for name, file in sent.items():
                asked = len(gateway.requests)
                [bubble, *more] = await bot.ask("", files=[file])
                read = len(gateway.requests) > asked
                sentence = SENT[name]
                if more or read is (sentence is not None) or (sentence and sentence not in bubble.text):
                    wrong.append((name, bubble.text[:300], read))
                assert (await bot.ask(f"After {name}"))[-1].text.endswith(f"After {name}")
                await bot.ask("/new")
            growth = _memory(bot.pid, "VmHWM") - idle
            assert bot.alive and wrong == []
            assert growth < MAX_GROWTH_BYTES, f"{growth / MEGABYTE:.0f} MB"
            print(f"{len(sent)} files, {growth / MEGABYTE:.1f} MB above {idle / MEGABYTE:.0f} MB")
