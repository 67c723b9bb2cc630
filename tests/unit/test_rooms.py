"""A room of the bridge shows what its `__init__` names in `__all__`; the other rooms import nothing else of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tunnel.note import ROOT

BRIDGE = ROOT / "bridge"
ROOMS = sorted(path.parent.name for path in BRIDGE.glob("*/__init__.py"))
SHELL = "bridge.admin.shell."
"""`bridge/cli/` imports the module of a command when that command runs, so that a command starts quickly."""


def test_every_room_is_examined() -> None:
    named = {"access", "admin", "commands", "demo", "gateway", "inbox", "intake", "reply", "store", "turn", "words"}
    assert named <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_other_rooms_import_only_what_a_room_shows(room: str) -> None:
    deep = [
        f"{path.relative_to(ROOT)}:{line} imports {name} from {module}"
        for path in sorted(BRIDGE.rglob("*.py"))
        if not path.is_relative_to(BRIDGE / room)
        for line, module, name in imports(path)
        if f"{module}.".startswith(f"bridge.{room}.")
        if not (name in shown_by(module) or (path.parent == BRIDGE / "cli" and module.startswith(SHELL)))
    ]
    assert not deep, "\n".join(deep)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """Each import in a file, at its top or not: the line, the module, the name that is taken from it."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((node.lineno, module, each.name) for each in names)
            case ast.Import(names=names):
                yield from ((node.lineno, each.name, "all") for each in names)


def shown_by(module: str) -> set[str]:
    """The `__all__` of a room, or of a package within one, such as `bridge.words.shell`; modules show nothing."""
    package = ROOT.joinpath(*module.split("."), "__init__.py")
    if not package.exists():
        return set()
    for node in tree(package).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return set(ast.literal_eval(value))
    return set()
