"""What a person sees at a terminal: answers that grow in place, each word of them once, and a prompt after them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.console.program import CODE, PROSE
from tests.console.session import CTRL_C, TerminalSession


def words(text: str, stem: str) -> list[int]:
    """The numbers of ``stem0 stem1 …`` in the order in which they are there."""
    return [int(number) for number in re.findall(rf"\b{stem}(\d+)", text)]


def test_an_answer_is_rendered_and_the_prompt_is_back(session: TerminalSession) -> None:
    assert session.ask("short") == ["Blue light is scattered most."]
    assert session.ask("code")[1:-1] == ["def f():", "    return [1]"]
    assert session.heard() == ["short", "code"]
    assert not session.hidden


def test_an_answer_grows_in_place(session: TerminalSession) -> None:
    session.say("sky")
    session.until("First paragraph.")
    assert session.hidden
    session.go()
    session.until("Second paragraph, still growing")
    session.go()
    text = session.until_prompt()
    assert text.count("First paragraph.") == text.count("Second paragraph") == 1
    assert text.endswith("First paragraph.\n\nSecond paragraph, still growing and done.\n\n›")


def test_a_long_answer_is_in_the_scrollback_once(session: TerminalSession) -> None:
    text = "\n".join(session.ask("long"))
    assert words(text, "word") == list(range(40)) * 12
    assert re.findall(r"Paragraph (\d+)\.", text) == [str(number) for number in range(12)]


@pytest.mark.parametrize(
    ("asked", "stem", "count"), [("longlist", "number ", 61), ("longpara", "term", 600)], ids=["list", "paragraph"]
)
def test_a_block_longer_than_the_screen_is_there_once(
    session: TerminalSession, asked: str, stem: str, count: int
) -> None:
    assert words("\n".join(session.ask(asked)), stem) == list(range(count != 600, count))


def test_code_longer_than_the_screen_scrolls_away_line_by_line(tmp_path: Path) -> None:
    with TerminalSession(tmp_path, rows=12) as session:
        rows = session.ask("longcode")
        first = rows.index("line_0 = 0  # counted")
        assert rows[first : first + 60] == CODE.split("\n")
        assert rows[first - 1].startswith("python ──") and rows[first + 60].startswith("──")
        assert rows[-1] == "That was all." and len(rows) == first + 63


def test_a_table_lines_up_while_it_grows(session: TerminalSession) -> None:
    session.say("table")
    session.until("张三")
    session.go()
    rows = session.until_prompt().split("\n")
    table = [row for row in rows if row[:1] in {"╭", "│", "├", "╰"}]
    assert len(table) == 6
    top = rows.index(table[0])
    screen = session.screen.buffer
    edges = {
        tuple(x for x in range(40) if screen[y][x].data > "" and screen[y][x].data in "╭┬╮│├┼┤╰┴╯")
        for y in range(top, top + 6)
    }
    assert rows[top : top + 6] == table and len(edges) == 1


def test_wide_characters_wrap_within_the_screen(tmp_path: Path) -> None:
    with TerminalSession(tmp_path, columns=33) as session:
        rows = session.ask("wide")
        assert "".join(rows).startswith("这是一个很长的句子，" * 12)
        assert all(len(row) <= 16 for row in rows[:-1])
        assert not any(row.startswith("，") for row in rows)
        assert all(len(row) >= 14 for row in rows[:-2]), "each row is filled"


def test_characters_wider_than_they_seem_shift_nothing(session: TerminalSession) -> None:
    session.say("flags")  # each of them two columns to us, and four to this terminal
    session.until("🇫🇷")
    session.go()
    text = session.until_prompt()
    assert text.count("🇫") == 90 and text.endswith("and all their friends.\n\n›")
    assert text.startswith("› flags\n\n")


@pytest.mark.parametrize(("rows", "columns"), [(24, 40), (24, 57), (24, 120), (9, 80), (40, 80)])
def test_resizing_in_the_middle_leaves_nothing_behind(session: TerminalSession, rows: int, columns: int) -> None:
    session.say("resize")
    session.until(lambda text: len(words(text, "word")) == 80)
    session.resize(rows, columns)
    session.until(lambda text: words(text, "word") == list(range(40)) * 2 and max(map(len, text.split("\n"))) < columns)
    session.go()
    text = session.until_prompt()
    assert words(text, "word") == list(range(40)) * 3
    assert text.count("› resize") == 1
    assert f"{PROSE} {PROSE}" in " ".join(text.split())
    session.resize(24, 80)


def test_the_spinner_vanishes(session: TerminalSession) -> None:
    session.say("think")
    session.until("thinking · Ctrl-C stops")
    session.type(CTRL_C)
    text = session.until_prompt()
    assert "thinking" not in text
    assert text.endswith("› think\n\nThought.\n\n›")
    assert session.heard() == ["think", "/stop"]


def test_nothing_is_shown_twice(session: TerminalSession) -> None:
    assert session.ask("twice") == ["One.", "", "Two.", "", "Three."]


def test_a_message_of_another_process_is_shown_anew(session: TerminalSession) -> None:
    assert session.ask("other") == ["Taken up."]


def test_a_note_that_comes_in_the_middle(session: TerminalSession) -> None:
    session.say("note")
    text = session.until(lambda text: text.endswith("ar.\n\n›"))
    assert text.endswith("The answer so f\n\nA note.\n\nar.\n\n›")


def test_what_was_not_finished_can_be_taken_back(session: TerminalSession) -> None:
    session.say("delete")
    session.until("Never mind.")
    session.go()
    assert session.until_prompt().endswith("› delete\n\n›")


def test_a_model_cannot_steer_the_terminal(session: TerminalSession) -> None:
    rows = session.ask("escape")
    assert rows == ["safe ]0;owned[2J[31m[red]text[/red]5n bold", "end"]
    assert session.screen.title == ""
    answered = session.raw[session.raw.index(b"safe") :]
    for steering in (b"\x1b]", b"\x07", b"\x1b[2J", b"\x1b[31m", "\x9b".encode()):
        assert steering not in answered


def test_without_colour_nothing_is_styled(tmp_path: Path) -> None:
    with TerminalSession(tmp_path, NO_COLOR="1") as session:
        assert session.ask("short") == ["Blue light is scattered most."]
        session.ask("code")
        answered = session.raw[session.raw.index(b"Blue light") :]
        assert not re.search(rb"\x1b\[(3|4|9|10)\d[;m]", answered)
    with TerminalSession(tmp_path) as session:
        session.ask("code")
        assert re.search(rb"\x1b\[(3|9)\d[;m]", session.raw)


def test_the_greeting_and_the_language(tmp_path: Path) -> None:
    with TerminalSession(tmp_path, "--greet", LANG="zh_TW.UTF-8") as session:
        assert session.until_prompt() == "Welcome, mia.\n\n›"
        session.type(CTRL_C)
        session.until("› 再按一次 Ctrl-C，或按 Ctrl-D，即可離開")
        session.type("/")
        session.until("離開聊天")
        assert "\n" in session.until("/help")


def test_a_terminal_that_cannot_move_its_cursor(tmp_path: Path) -> None:
    with TerminalSession(tmp_path, TERM="dumb") as session:
        session.until(">")
        session.type("short\n")
        session.until("> short\nBlue light is **scattered** most.\n>")
        session.type("sky\n")
        session.until("First paragraph.")
        session.type(CTRL_C)
        session.until_heard("/stop")
        session.go()
        session.until("stopped")
        session.until(lambda text: text.endswith("\n>"))
        session.type(CTRL_C)
        assert session.until_gone() == 0
        assert b"\x1b" not in session.raw


def test_reasoning_stands_dimmed_above_the_answer(session: TerminalSession) -> None:
    session.say("reasoning")
    session.until("I wonder")
    assert b"\x1b[2mI \x1b[3mwonder\x1b[0m" in session.raw or b"\x1b[2mI \x1b[0m\x1b[2m" in session.raw
    session.go()
    text = session.until_prompt()
    assert text.endswith("› reasoning\n\nI wonder why.\n\nIt is so.\n\nReally.\n\n›")
    assert b"\x1b[2mIt" not in session.raw


def test_steps_that_come_later_stand_below_what_was_said(session: TerminalSession) -> None:
    assert session.ask("tools") == ["search: sky", "", "Looking", "", "search: blue", "", "Found."]


def test_what_goes_on_is_not_left_above_its_end(session: TerminalSession) -> None:
    session.say("running")
    session.until("B runs")
    session.go()
    text = session.until_prompt()
    assert text.endswith("› running\n\nA: done\n\nLet me look.\n\nB: done\n\nFound.\n\n›") and "runs" not in text


def test_a_file_shows_its_caption_and_where_it_is(session: TerminalSession) -> None:
    rows = session.ask("picture")
    assert rows[:2] == ["A cat", ""]
    assert "".join(rows[2:]).replace(" ", "") == f"Saved:{session.folder / 'files' / 'a cat.png'}".replace(" ", "")
