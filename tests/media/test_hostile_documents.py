"""A hostile file is told apart or read in bounds; time and memory of child and parent are measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bridge.media.documents import ExtractLimits
from tests.media.hostile import FILES, MEGABYTE
from tests.media.measured import measured

ESCAPED = "/tmp/cherry-bridge-escaped"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="measures with resource limits")


@pytest.mark.parametrize("label", FILES)
async def test_hostile_file(label: str, tmp_path: Path) -> None:
    hostile = FILES[label]
    content = tmp_path / "content"
    content.write_bytes(hostile.build())
    limits = ExtractLimits(**{"max_chars": 20_000, "seconds": 10.0} | hostile.limits)  # type: ignore[arg-type]  # from keywords
    found = await measured(content, name=hostile.name, limits=limits)

    if hostile.errors:
        assert found.error in hostile.errors, found
    else:
        assert not found.error, found
    assert found.seconds < limits.seconds + 5
    assert found.child_bytes <= limits.memory_bytes
    assert found.growth_bytes < 20 * MEGABYTE
    assert len(found.text) <= limits.max_chars
    for words in hostile.says:
        assert words in found.text
    for words in hostile.never:
        assert words not in found.text
    for field, value in hostile.expect.items():
        assert getattr(found, field) == value
    assert not os.path.lexists(ESCAPED)  # noqa: ASYNC240 - one look at /tmp
