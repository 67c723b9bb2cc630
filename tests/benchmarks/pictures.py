"""What it takes to read a picture that a person sends, from the file to what goes to a model."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pillow_heif
from PIL import Image

from bridge.media.pictures import Scaled, scaled
from tests.benchmarks.report import Column, Report
from tests.media.samples import saved

COLUMNS: tuple[Column, ...] = (
    ("picture", "picture"),
    ("sent_kb", "file, kB"),
    ("ms", "ms"),
    ("cpu_ms", "CPU ms"),
    ("kept_kb", "kept, kB"),
)


def _scene(width: int, height: int) -> Image.Image:
    """A picture with about the detail of a photo: soft shapes, and the noise of a sensor."""
    shapes = Image.effect_noise((width // 16, height // 16), 120).resize((width, height))
    return Image.blend(shapes, Image.effect_noise((width, height), 30), 0.15).convert("RGB")


PICTURES: dict[str, Callable[[], bytes]] = {
    "photo of 12 MP, JPEG": lambda: saved(_scene(4032, 3024), "JPEG", quality=90),
    "photo of 12 MP, HEIC": lambda: saved(_scene(4032, 3024), "HEIF", quality=70),
    "photo of 48 MP, JPEG": lambda: saved(_scene(8064, 6048), "JPEG", quality=85),
    "photo of 12 MP, PNG": lambda: saved(_scene(4032, 3024), "PNG"),
    "photo as Telegram sends it, 1.2 MP": lambda: saved(_scene(1280, 960), "JPEG", quality=87),
    "screenshot of 2.5 MP, PNG": lambda: saved(Image.new("RGB", (1170, 2160), "white"), "PNG"),
}


async def pictures_read(report: Report, *, runs: int) -> None:
    """Read each picture `runs` times, one after another, and report the medians."""
    pillow_heif.register_heif_opener()
    rows = []
    with tempfile.TemporaryDirectory(prefix="cherry-bridge-bench-") as folder:
        for name, build in PICTURES.items():
            file = Path(folder) / "picture"
            content = build()
            await asyncio.to_thread(file.write_bytes, content)
            measured = [await _read(file) for _ in range(runs)]
            rows.append(
                {
                    "picture": name,
                    "sent_kb": len(content) / 1000,
                    "ms": statistics.median(seconds for seconds, _, _ in measured) * 1000,
                    "cpu_ms": statistics.median(cpu for _, cpu, _ in measured) * 1000,
                    "kept_kb": len(measured[0][2].content) / 1000,
                }
            )
    report.add("pictures", f"Pictures, each in a child of its own, medians of {runs}", rows, COLUMNS)


async def _read(file: Path) -> tuple[float, float, Scaled]:
    """The seconds and the processor seconds of the child that it takes, and what comes of it."""
    before, began = os.times(), time.perf_counter()
    result = await scaled(file)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, cpu, result
