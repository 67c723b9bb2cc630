"""`.env` is written whole, for its owner alone, and nothing else in it changes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from bridge.admin.shell.envfile import put

FULL = """# my bot
OTHER=1   # not ours

TELEGRAM_TOKEN = old
export BRIDGE_MODEL="a:b"
just some words
NOTE="two
TELEGRAM_TOKEN=inside a text
lines"
"""


def test_everything_else_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(FULL)
    put(path, {"TELEGRAM_TOKEN": "new", "BRIDGE_MODEL": "c:d", "BRIDGE_GATEWAY_KEY": "k"})
    assert path.read_text() == (
        FULL.replace("TELEGRAM_TOKEN = old", "TELEGRAM_TOKEN=new").replace('"a:b"', "c:d") + "BRIDGE_GATEWAY_KEY=k\n"
    )


def test_where_a_name_is_set_twice_the_one_that_counts_changes(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\nB=2\nA=3")
    put(path, {"A": "4"})
    assert path.read_text() == "A=1\nB=2\nA=4\n"


def test_foreign_bytes_and_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"# caf\xe9\r\nA=1\r\nB=2")
    put(path, {"A": "3", "C": "4"})
    assert path.read_bytes() == b"# caf\xe9\r\nA=3\r\nB=2\r\nC=4\r\n"


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    old = os.umask(0)
    try:
        put(path, {"A": "1"})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    put(path, {"A": "2"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("real")
    put(tmp_path / ".env", {"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        put(path, {"A": "2"})
    assert path.read_text() == "A=1\n"
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40).map(str.strip))
def test_what_is_put_is_read(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    path = tmp_path_factory.mktemp("env") / ".env"
    put(path, {"A": value, "B": "next"})
    assert dotenv_values(path, interpolate=False) == {"A": value, "B": "next"}
