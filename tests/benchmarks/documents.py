"""What it takes to read a document of each kind, and a page of a PDF."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from bridge.media.documents import ExtractLimits
from tests.benchmarks.report import Column, Report
from tests.media import documents
from tests.media.measured import MEGABYTE, Measured, measured

COLUMNS: tuple[Column, ...] = (
    ("document", "document"),
    ("ms", "ms"),
    ("cpu_ms", "CPU ms"),
    ("cpu_page_ms", "CPU ms/page"),
    ("child_mb", "child's peak, MB"),
    ("growth_mb", "bridge's growth, MB"),
    ("chars", "characters"),
)
_LIMITS = ExtractLimits(max_chars=2_000_000, seconds=120)
_WORDS = "The quick brown fox jumps over the lazy dog. " * 2


def _page(number: int) -> str:
    return "\n".join(f"{number}.{line} {_WORDS}" for line in range(40))


def _rows(count: int) -> str:
    return "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="s"><v>0</v></c>'
        f'<c r="C{n}" s="1"><v>{45000 + n % 999}</v></c></row>'
        for n in range(1, count + 1)
    )


def _word(pages: int) -> bytes:
    return documents.word("".join(documents.paragraph(line) for n in range(pages) for line in _page(n).split("\n")))


DOCUMENTS: dict[str, tuple[Callable[[], bytes], int]] = {
    "text, 4 kB": (lambda: _page(1).encode(), 1),
    "text, 4 kB of GB18030": (lambda: ("今天天气不错，我们去公园散步吧。\n" * 120).encode("gb18030"), 1),
    "HTML, 300 pages": (lambda: ("<p>" + "<p>".join(map(_page, range(300)))).encode(), 300),
    "Word, 1 page": (lambda: _word(1), 1),
    "Word, 300 pages": (lambda: _word(300), 300),
    "Excel, 10,000 rows": (lambda: documents.spreadsheet({"A": _rows(10_000)}, strings=["same"]), 1),
    "PowerPoint, 50 slides": (lambda: documents.slides([(str(n), _WORDS, _WORDS) for n in range(50)]), 50),
    "EPUB, 30 chapters": (lambda: documents.epub([(str(n), _page(n) * 10) for n in range(30)]), 30),
    "PDF, 1 page": (lambda: documents.text_pdf([_page(1)]), 1),
    "PDF, 300 pages": (lambda: documents.text_pdf([_page(n) for n in range(300)]), 300),
    "PDF, 4 scanned pages": (lambda: documents.scanned_pdf(4), 4),
}
"""Each with its number of pages."""


async def documents_read(report: Report, *, runs: int) -> None:
    """Read each document `runs` times, in turn, and report the medians."""
    found: dict[str, list[Measured]] = {name: [] for name in DOCUMENTS}
    with tempfile.TemporaryDirectory(prefix="cherry-bridge-bench-") as folder:
        files = {name: Path(folder) / str(number) for number, name in enumerate(DOCUMENTS)}
        for name, (build, _) in DOCUMENTS.items():
            files[name].write_bytes(build())
        for _ in range(runs):
            for name, file in files.items():
                found[name].append(await measured(file, name="document", limits=_LIMITS))
    rows = []
    for name, results in found.items():
        failed = next((result.error for result in results if result.error), "")
        cpu = statistics.median(result.child_cpu_seconds for result in results) * 1000
        rows.append(
            {
                "document": f"{name} ({failed})" if failed else name,
                "ms": statistics.median(result.seconds for result in results) * 1000,
                "cpu_ms": cpu,
                "cpu_page_ms": cpu / DOCUMENTS[name][1],
                "child_mb": max(result.child_bytes for result in results) / MEGABYTE,
                "growth_mb": max(result.growth_bytes for result in results) / MEGABYTE,
                "chars": len(results[0].text),
            }
        )
    report.add("documents", f"Documents, each in a child of its own, medians of {runs}", rows, COLUMNS)
