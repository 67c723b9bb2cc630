"""What a person does at a terminal: typing, pasting, completing, stopping and leaving."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.seat import ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ENTER, TAB, UP, Seat


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Seat]:
    """For a test at whose end the program is gone."""
    with Seat(tmp_path) as seat:
        yield seat


def test_ctrl_c_stops_the_answer_at_once(seat: Seat) -> None:
    seat.say("endless")
    seat.until("Paragraph 30.")
    seat.type(CTRL_C)
    text = seat.until_prompt()
    assert seat.heard() == ["endless", "/stop"]
    assert text.endswith("stopped\n\n›")
    assert seat.ask("short") == ["Blue light is scattered most."]


def test_ctrl_c_twice_leaves_a_clean_terminal(own: Seat) -> None:
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
def test_other_ways_to_leave(own: Seat, words: str) -> None:
    own.until_prompt()
    own.type(words)
    assert own.until_gone() == 0
    assert own.modes() == own.before and not own.hidden


def test_ctrl_c_again_leaves_an_answer_that_does_not_stop(own: Seat) -> None:
    own.say("sky")
    own.until("First paragraph.")
    own.type(CTRL_C)
    own.until_heard("/stop")
    own.type(CTRL_C)
    assert own.until_gone() == 0
    assert own.screen.everything()[-2:] == ["First paragraph.", "left"]
    assert own.modes() == own.before and not own.hidden


def test_leaving_before_the_bridge_listens_ends_the_program(tmp_path: Path) -> None:
    with Seat(tmp_path, "--deaf", "--greet") as seat:
        seat.until("Welcome")
        seat.until_prompt()
        seat.type(CTRL_D)
        assert seat.until_gone() != 0
        assert seat.modes() == seat.before and not seat.hidden


def test_sigterm_in_the_middle_leaves_a_clean_terminal(own: Seat) -> None:
    own.say("crash")
    own.until("Half an ans")
    own.go()
    assert own.until_gone() == 0
    assert own.screen.everything()[-2:] == ["Half an ans", "left"]
    assert own.modes() == own.before and not own.hidden


def test_an_exception_leaves_a_clean_terminal(own: Seat) -> None:
    own.say("fault")
    assert own.until_gone() == 1
    assert own.modes() == own.before and not own.hidden


def test_tab_completes_commands_and_models(seat: Seat) -> None:
    seat.until_prompt()
    seat.type("/")
    shown = seat.until("/quit")
    assert "What I can do" in shown and "/allow" not in shown
    seat.type("mo" + TAB)
    seat.until(lambda text: "› /model" in text and seat.screen.cursor.x == len("› /model "))
    seat.type("qwen")
    seat.until("ollama:qwen3:8b")
    seat.type(TAB)
    seat.until("› /model ollama:qwen3:8b")
    seat.type(ENTER)
    seat.until("You said '/model ollama:qwen3:8b'.")


def test_up_brings_back_what_was_typed_in_an_earlier_run(tmp_path: Path) -> None:
    with Seat(tmp_path) as seat:
        seat.ask("short")
        seat.until_prompt()
        seat.type(f"two{ALT_ENTER}lines{ENTER}")
        seat.until(r"'two\nlines'")
        seat.until_prompt()
        seat.type(CTRL_D)
        seat.until_gone()
    assert (tmp_path / "typed").stat().st_mode & 0o777 == 0o600
    with Seat(tmp_path) as seat:
        seat.until_prompt()
        seat.type("x")  # the file is read once the prompt is there
        seat.until("› x")
        seat.type("\x7f" + UP)
        seat.until("› two\n  lines")
        seat.type(UP + UP)
        seat.until("› short")


@pytest.mark.parametrize("typed", [f"a{ALT_ENTER}b", f"a{CTRL_J}b", f"a\\{ENTER}b"], ids=["alt-enter", "ctrl-j", "\\"])
def test_a_message_of_two_lines(seat: Seat, typed: str) -> None:
    seat.until_prompt()
    seat.type(typed)
    seat.until("› a\n  b")
    seat.type(ENTER)
    seat.until(r"You said 'a\nb'.")


def test_pasted_lines_are_one_message_even_while_an_answer_grows(seat: Seat) -> None:
    seat.until_prompt()
    seat.type("\x1b[200~one\rtwo\rthree\x1b[201~")
    seat.until("› one\n  two\n  three")
    seat.type(ENTER)
    seat.until(r"You said 'one\ntwo\nthree'.")
    seat.say("sky")
    seat.until("First paragraph.")
    assert seat.raw.rfind(b"\x1b[?2004h") > seat.raw.rfind(b"\x1b[?2004l")
    seat.type("\x1b[200~four\rfive\x1b[201~")
    seat.go()
    seat.until("Second paragraph, still growing")
    seat.go()
    seat.until("› four\n  five")
    seat.type(ENTER)
    seat.until(r"You said 'four\nfive'.")


def test_what_is_typed_ahead_waits_for_the_prompt(seat: Seat) -> None:
    seat.say("sky")
    seat.until("First paragraph.")
    seat.type("typed\rahead")
    seat.go()
    text = seat.until("Second paragraph, still growing")
    assert "typed" not in text and "ahead" not in text
    seat.go()
    text = seat.until("› ahead")
    assert text.endswith("growing and done.\n\n› typed\n\nYou said 'typed'.\n\n› ahead")


def test_output_while_the_person_types_is_shown_above_the_draft(seat: Seat) -> None:
    seat.say("late")
    seat.until_prompt()
    seat.type("a draft\x1b[D\x1b[D")
    seat.until(lambda text: text.endswith("› a draft") and seat.screen.cursor.x == 7)
    seat.go()
    text = seat.until("Much later.\n\n› a draft")
    assert text.endswith("› late\n\nSoon.\n\nMuch later.\n\n› a draft")
    seat.type("X")
    seat.until("› a draXft")
