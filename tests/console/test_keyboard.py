"""What a person does at a terminal: typing, pasting, completing, stopping and leaving."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.session import ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ENTER, TAB, UP, TerminalSession


@pytest.fixture
def own(tmp_path: Path) -> Iterator[TerminalSession]:
    """For a test at whose end the program is gone."""
    with TerminalSession(tmp_path) as session:
        yield session


def test_ctrl_c_stops_the_answer_at_once(session: TerminalSession) -> None:
    session.say("endless")
    session.until("Paragraph 30.")
    session.type(CTRL_C)
    text = session.until_prompt()
    assert session.heard() == ["endless", "/stop"]
    assert text.endswith("stopped\n\n›")
    assert session.ask("short") == ["Blue light is scattered most."]


def test_ctrl_c_twice_leaves_a_clean_terminal(own: TerminalSession) -> None:
    own.until_prompt()
    assert own.modes() != own.before
    own.type("half a thought" + CTRL_C)
    own.until_prompt()
    own.type(CTRL_C)
    own.until("› Ctrl-C again, or Ctrl-D, leaves")
    own.type("x\x7f")
    own.until_prompt()
    own.type(CTRL_C)
    own.until("› Ctrl-C again, or Ctrl-D, leaves")
    own.type(CTRL_C)
    assert own.until_gone() == 0
    assert own.screen.everything() == ["left"]
    assert own.modes() == own.before and not own.hidden
    assert own.raw.rfind(b"\x1b[?2004l") > own.raw.rfind(b"\x1b[?2004h")
    assert own.heard() == []


@pytest.mark.parametrize("words", [CTRL_D, "/quit\r", "/exit\r"], ids=["ctrl-d", "quit", "exit"])
def test_other_ways_to_leave(own: TerminalSession, words: str) -> None:
    own.until_prompt()
    own.type(words)
    assert own.until_gone() == 0
    assert own.modes() == own.before and not own.hidden


def test_ctrl_c_again_leaves_an_answer_that_does_not_stop(own: TerminalSession) -> None:
    own.say("sky")
    own.until("First paragraph.")
    own.type(CTRL_C)
    own.until_heard("/stop")
    own.type(CTRL_C)
    assert own.until_gone() == 0
    assert own.screen.everything()[-2:] == ["First paragraph.", "left"]
    assert own.modes() == own.before and not own.hidden


def test_leaving_before_the_bridge_listens_ends_the_program(tmp_path: Path) -> None:
    with TerminalSession(tmp_path, "--deaf", "--greet") as session:
        session.until("Welcome")
        session.until_prompt()
        session.type(CTRL_D)
        assert session.until_gone() != 0
        assert session.modes() == session.before and not session.hidden


def test_sigterm_in_the_middle_leaves_a_clean_terminal(own: TerminalSession) -> None:
    own.say("crash")
    own.until("Half an ans")
    own.go()
    assert own.until_gone() == 0
    assert own.screen.everything()[-2:] == ["Half an ans", "left"]
    assert own.modes() == own.before and not own.hidden


def test_an_exception_leaves_a_clean_terminal(own: TerminalSession) -> None:
    own.say("fault")
    assert own.until_gone() == 1
    assert own.modes() == own.before and not own.hidden


def test_tab_completes_commands_and_models(session: TerminalSession) -> None:
    session.until_prompt()
    session.type("/")
    shown = session.until("/quit")
    assert "What I can do" in shown and "/allow" not in shown
    session.type("mo" + TAB)
    session.until(lambda text: "› /model" in text and session.screen.cursor.x == len("› /model "))
    session.type("qwen")
    session.until("ollama:qwen3:8b")
    session.type(TAB)
    session.until("› /model ollama:qwen3:8b")
    session.type(ENTER)
    session.until("You said '/model ollama:qwen3:8b'.")


def test_up_brings_back_what_was_typed_in_an_earlier_run(tmp_path: Path) -> None:
    with TerminalSession(tmp_path) as session:
        session.ask("short")
        session.until_prompt()
        session.type(f"two{ALT_ENTER}lines{ENTER}")
        session.until(r"'two\nlines'")
        session.until_prompt()
        session.type(CTRL_D)
        session.until_gone()
    assert (tmp_path / "typed").stat().st_mode & 0o777 == 0o600
    with TerminalSession(tmp_path) as session:
        session.until_prompt()
        session.type("x")  # the file is read once the prompt is there
        session.until("› x")
        session.type("\x7f" + UP)
        session.until("› two\n  lines")
        session.type(UP + UP)
        session.until("› short")


@pytest.mark.parametrize("typed", [f"a{ALT_ENTER}b", f"a{CTRL_J}b", f"a\\{ENTER}b"], ids=["alt-enter", "ctrl-j", "\\"])
def test_a_message_of_two_lines(session: TerminalSession, typed: str) -> None:
    session.until_prompt()
    session.type(typed)
    session.until("› a\n  b")
    session.type(ENTER)
    session.until(r"You said 'a\nb'.")


def test_pasted_lines_are_one_message_even_while_an_answer_grows(session: TerminalSession) -> None:
    session.until_prompt()
    session.type("\x1b[200~one\rtwo\rthree\x1b[201~")
    session.until("› one\n  two\n  three")
    session.type(ENTER)
    session.until(r"You said 'one\ntwo\nthree'.")
    session.say("sky")
    session.until("First paragraph.")
    assert session.raw.rfind(b"\x1b[?2004h") > session.raw.rfind(b"\x1b[?2004l")
    session.type("\x1b[200~four\rfive\x1b[201~")
    session.go()
    session.until("Second paragraph, still growing")
    session.go()
    session.until("› four\n  five")
    session.type(ENTER)
    session.until(r"You said 'four\nfive'.")


def test_what_is_typed_ahead_waits_for_the_prompt(session: TerminalSession) -> None:
    session.say("sky")
    session.until("First paragraph.")
    session.type("typed\rahead")
    session.go()
    text = session.until("Second paragraph, still growing")
    assert "typed" not in text and "ahead" not in text
    session.go()
    text = session.until("› ahead")
    assert text.endswith("growing and done.\n\n› typed\n\nYou said 'typed'.\n\n› ahead")


def test_output_while_the_person_types_is_shown_above_the_draft(session: TerminalSession) -> None:
    session.say("late")
    session.until_prompt()
    session.type("a draft\x1b[D\x1b[D")
    session.until(lambda text: text.endswith("› a draft") and session.screen.cursor.x == 7)
    session.go()
    text = session.until("Much later.\n\n› a draft")
    assert text.endswith("› late\n\nSoon.\n\nMuch later.\n\n› a draft")
    session.type("X")
    session.until("› a draXft")
