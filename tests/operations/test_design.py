"""The page on the design names rooms, modules and types that exist, and all of the rooms."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bridge import app
from bridge.inbox import claim, inbox
from bridge.store import keeper
from bridge.turn import answer, attempt
from tests.operations.pages import unfenced
from tests.tunnel.note import ROOT

PAGES = ["design.md", "channels.md", "data.md"]
DESIGN = unfenced(ROOT / "docs" / "design.md")
ELSEWHERE = {"Courier", "SecretStr"}
"""A platform that is made up, and a type of pydantic's."""


def in_code(page: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", unfenced(ROOT / "docs" / page))


def defined() -> dict[str, set[str]]:
    """Every class, and every name that a module binds, with what the class holds."""
    found: dict[str, set[str]] = {}
    for path in [*(ROOT / "bridge").rglob("*.py"), *(ROOT / "channels").rglob("*.py"), *(ROOT / "tests").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.ClassDef(name=name, body=body):
                    members = {each.name for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
                    members |= {
                        each.target.id
                        for each in body
                        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                    }
                    found.setdefault(name, set()).update(members)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    found.setdefault(name, set())
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_exists(page: str) -> None:
    for name in in_code(page):
        if re.fullmatch(r"(?:bridge|channels|tests|docs)/[\w/.-]*", name) and "NAME" not in name:
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES)
def test_every_class_and_method_that_is_named_exists(page: str) -> None:
    known = defined()
    for name in in_code(page):
        if found := re.match(r"([A-Z][a-z]\w*[a-z]\w*)(?:\.(\w+))?(?=$|\()", name):
            assert found[1] in known or found[1] in ELSEWHERE, name
            assert not found[2] or found[2] in known[found[1]], name


def test_every_room_is_named() -> None:
    rooms = DESIGN.partition("## Rooms")[2].partition("##")[0]
    for path in (ROOT / "bridge").iterdir():
        if path.name.startswith("_"):
            continue
        if path.suffix == ".py" or path.is_dir():
            assert f"`{_shown(path)}`" in rooms, path


def _shown(path: Path) -> str:
    return f"bridge/{path.name}" + ("/" if path.is_dir() else "")


def test_the_figures_are_those_of_the_code() -> None:
    for figure in (
        f"up to {app.MAX_CHATS_AT_ONCE:,} at",
        f"gives its answers {app.GRACE_SECONDS:.0f} seconds",
        f"failed more than {answer.MAX_FAILURES} times",
        f"died more than {answer.MAX_CRASHES} times",
        f"After {attempt.FREE_CRASHES} deaths",
        f"up to {answer.MAX_CRASH_PAUSE_SECONDS:.0f} seconds",
        f"expires after {inbox.CLAIM_SECONDS:.0f} seconds",
        f"every {inbox.SWEEP_SECONDS:.0f} seconds",
        f"up to {claim.MAX_LEAVES} times a turn",
    ):
        assert figure in " ".join(DESIGN.split()), figure
    assert keeper.BEATS_PER_LIFE == 5
