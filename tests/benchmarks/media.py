"""What pictures, documents and recordings add to an answer of the whole bridge, and to its memory."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.pictures import PICTURES
from tests.benchmarks.report import Column, Report
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.media import documents
from tests.platform import SharedFile

COLUMNS: tuple[Column, ...] = (
    ("sent", "sent"),
    ("ms", "until the answer, ms"),
    ("added_ms", "added, ms"),
    ("page_ms", "for each page, ms"),
    ("growth_mb", "bridge's peak above idle, MB"),
    ("idle_mb", "idle afterwards, MB"),
)
MEGABYTE = 1 << 20
QUIET_SECONDS = 2.5
"""Between two questions: the second that Telegram wants between two writes to a chat would hide what a file takes."""


def _pages(count: int) -> bytes:
    return documents.text_pdf([f"Page {number}.\n" + "A line of some words.\n" * 40 for number in range(count)])


async def media_added(report: Report, *, runs: int) -> None:
    """Ask in words, then with each file, `runs` times in turn, and report the medians."""
    photo = SharedFile("image", "photo.jpg", "image/jpeg", PICTURES["photo of 12 MP, JPEG"]())
    sent: dict[str, tuple[list[SharedFile], int]] = {
        "words": ([], 0),
        "photo of 12 MP": ([photo], 0),
        "PDF, 1 page": ([SharedFile("file", "a.pdf", "application/pdf", _pages(1))], 1),
        "PDF, 50 pages": ([SharedFile("file", "b.pdf", "application/pdf", _pages(50))], 50),
    }
    with tempfile.TemporaryDirectory(prefix="cherry-bridge-bench-") as home:
        async with (
            GatewayEmulator("B") as gateway,
            TelegramPlatform() as platform,
            BridgeProcess(platform, gateway, Path(home), BRIDGE_ADMINS=str(platform.user()), BRIDGE_LOG="info") as bot,
        ):
            gateway.answer("Yes.")
            await bot.ask("hello")
            rows = []
            words = 0.0
            for name, (files, pages) in sent.items():
                found = [await _asked(bot, files) for _ in range(runs)]
                ms = statistics.median(seconds for seconds, _ in found) * 1000
                words = words or ms
                row: dict[str, object] = {
                    "sent": name,
                    "ms": ms,
                    "added_ms": ms - words,
                    "growth_mb": max(growth for _, growth in found) / MEGABYTE,
                    "idle_mb": _memory(bot.pid, "VmRSS") / MEGABYTE,
                }
                if pages:
                    row["page_ms"] = (ms - words) / pages
                rows.append(row)
    report.add("media", f"What a file adds to an answer, medians of {runs}", rows, COLUMNS)


async def _asked(bot: BridgeProcess, files: list[SharedFile]) -> tuple[float, float]:
    """Seconds until the answer stands there, and the bridge's peak above idle, in bytes."""
    await bot.ask("/new")  # what was read is forgotten, and read again
    await asyncio.sleep(QUIET_SECONDS)
    idle = _memory(bot.pid, "VmRSS")
    _forget_peak(bot.pid)
    began, before = time.perf_counter(), len(bot.bubbles())
    await bot.platform.say("" if files else "hello", files=files)
    await until(lambda: len(bot.bubbles()) > before, "an answer")
    took = time.perf_counter() - began
    await bot.answer(before)
    peak = _memory(bot.pid, "VmHWM")
    return took, max(0, peak - idle)


def _memory(pid: int, field: str) -> int:
    """Bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
