"""Pictures in terminals that show some: after asking, and nothing of the kind in any other."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path

import pytest

from channels.console.inline import drawn, may_show
from tests.console.session import PATIENCE, TerminalSession
from tests.media.samples import claimed_png, photo

CAT = photo(300, 200, format="PNG")
KITTY, ITERM = "\x1b_Gi=31;OK\x1b\\", "\x1bP>|iTerm2 3.5.14\x1b\\"
DEVICE = "\x1b[?62;4c"
"""What every terminal answers at the end."""


def terminal(folder: Path, answers: str, term: str = "xterm-256color", program: str = "") -> TerminalSession:
    """A session at a terminal that answers so when it is asked; its person types a letter too early."""
    (folder / "cat.png").write_bytes(CAT)
    session = TerminalSession(folder, TERM=term, TERM_PROGRAM=program)
    deadline = time.monotonic() + PATIENCE
    while b"\x1b[c" not in session.raw:
        session.read()
        assert time.monotonic() < deadline, "it is not asked"
    session.type(f"p{answers}{DEVICE}")
    return session


def shown(session: TerminalSession) -> bytes:
    """The picture that was sent to the terminal, put together again."""
    kitty = re.findall(rb"\x1b_G([^;\x1b]*);([^\x1b]*)\x1b", session.raw)
    if data := b"".join(chunk for about, chunk in kitty if b"a=q" not in about):
        return base64.b64decode(data)
    iterm = re.findall(rb"\x1b\]1337;File=inline=1;[^:]*:([^\x07]*)\x07", session.raw)
    return base64.b64decode(b"".join(iterm))


def ask_for_picture(session: TerminalSession) -> str:
    session.until(lambda text: text.endswith("› p"))  # what was typed too early is there
    session.type("icture\r")
    return session.until(lambda text: "Saved:" in text and session.at_prompt)


def test_kitty_shows_a_picture_once(tmp_path: Path) -> None:
    with terminal(tmp_path, KITTY, "xterm-kitty") as session:
        text = ask_for_picture(session)
        assert shown(session) == CAT
        assert session.raw.count(b"a=T,f=100,q=2,c=30,r=10,") == 1
        assert "A cat" in text and "Saved:" in text


def test_iterm_shows_a_picture_once(tmp_path: Path) -> None:
    with terminal(tmp_path, ITERM, program="iTerm.app") as session:
        ask_for_picture(session)
        assert shown(session) == CAT
        assert f"size={len(CAT)};width=30;".encode() in session.raw


def test_a_terminal_that_says_no_is_shown_the_path_only(tmp_path: Path) -> None:
    with terminal(tmp_path, "", "xterm-kitty") as session:
        ask_for_picture(session)
        assert shown(session) == b""


def test_any_other_terminal_is_not_even_asked(session: TerminalSession) -> None:
    session.ask("picture")
    assert b"\x1b_G" not in session.raw and b"1337" not in session.raw


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({"TERM": "xterm-ghostty"}, True),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "tmux-256color", "LC_TERMINAL": "iTerm2"}, False),
        ({"TERM": "xterm-kitty", "STY": "1.pts"}, False),
    ],
)
def test_only_terminals_that_might_are_asked(environment: dict[str, str], asked: bool) -> None:
    assert may_show(environment) is asked


def test_what_a_terminal_cannot_show_is_not_sent() -> None:
    assert drawn("kitty", photo(), 80) == "", "kitty takes PNG"
    assert drawn("iterm2", photo(), 80) != ""
    assert drawn("kitty", claimed_png(50_000, 50_000), 80) == ""
    assert "c=8," in drawn("kitty", CAT, 8)
