"""Paths as Windows has them, tried on paper: as they are typed or dragged, and names that a file may have there."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from bridge.types import BodyFile
from channels.console.attachments import NoSuchFile, split
from channels.console.files import save


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (r'/file "\\nas\share\a.png" look', r"\\nas\share\a.png"),
        (r"/file C:\Users\mia\a.png what is this?", r"C:\Users\mia\a.png"),
        (r'/file "C:\Users\mia lee\a.png" what is this?', r"C:\Users\mia lee\a.png"),
        (r"/file d:/photos/a.png", "d:/photos/a.png"),
        ("/file file:///C:/Users/mia%20lee/a.png", "C:/Users/mia lee/a.png"),
        (r"/file /home/mia\ lee/a.png", "/home/mia lee/a.png"),
    ],
)
def test_a_path_of_windows_keeps_its_backslashes(typed: str, named: str) -> None:
    with pytest.raises(NoSuchFile) as error:  # there is no such file here, and the error says which it is
        split(typed)
    assert PureWindowsPath(error.value.path) == PureWindowsPath(named)


@pytest.mark.parametrize(
    ("called", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("a:b.txt", "a_b.txt"),
        ("Why? *this*.md", "Why_ _this_.md"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("dots...", "dots"),
        ("..\\..\\x.png", "x.png"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("图片.png", "图片.png"),
    ],
)
async def test_a_file_is_saved_under_a_name_that_windows_takes(called: str, kept: str, tmp_path: Path) -> None:
    path = await save(BodyFile("file", called, "", b"x"), tmp_path)
    assert path.name == kept
    assert (PureWindowsPath("C:/data") / path.name).parent == PureWindowsPath("C:/data")
