"""Read a document in a process of its own, and measure what it takes there and in the child.

A child's peak is known to its parent only as the largest of all its children, so each measurement needs a parent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bridge.media.documents import Extracted, ExtractError, ExtractLimits, extract

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Measured:
    seconds: float
    child_bytes: int
    """Peak of the child's memory; at least that of the process that started it, some 40 MB."""
    child_cpu_seconds: float
    growth_bytes: int
    """By how much the process itself grew at its peak; 0 where the system does not say."""
    error: str = ""
    detail: str = ""
    text: str = ""
    kind: str = ""
    pages_total: int = 0
    first: int = 0
    last: int = 0
    unit: str = ""
    pictures: int = 0
    truncated: bool = False
    macros: bool = False


async def measured(
    content: Path, *, name: str, mime: str = "", limits: ExtractLimits, pages: range | None = None
) -> Measured:
    request = {
        "content": str(content),
        "name": name,
        "mime": mime,
        "limits": asdict(limits),
        "pages": [pages.start, pages.stop] if pages else None,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        json.dumps(request),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return Measured(**json.loads(out))


async def _measure(request: dict[str, Any]) -> Measured:
    import resource

    before = _status("VmRSS")
    began = time.perf_counter()
    outcome: dict[str, Any]
    try:
        found: Extracted = await extract(
            Path(request["content"]),
            name=request["name"],
            mime=request["mime"],
            limits=ExtractLimits(**request["limits"]),
            pages=range(*request["pages"]) if request["pages"] else None,
        )
    except ExtractError as error:
        outcome = {"error": error.kind, "detail": error.detail, "pages_total": error.pages_total}
    else:
        outcome = {
            "text": found.text,
            "kind": found.kind,
            "pages_total": found.pages_total,
            "first": found.pages_read.start,
            "last": found.pages_read.stop - 1,
            "unit": found.unit,
            "pictures": len(found.scanned),
            "truncated": found.truncated,
            "macros": found.macros,
        }
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Measured(
        seconds=time.perf_counter() - began,
        child_bytes=children.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        child_cpu_seconds=children.ru_utime + children.ru_stime,
        growth_bytes=_status("VmHWM") - before,
        **outcome,
    )


def _status(field: str) -> int:
    """Bytes of this process. The peak of `getrusage` may be the one of the process that started it."""
    if sys.platform != "linux":
        return 0
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_measure(json.loads(sys.argv[1]))))))
