"""The page on writing a channel names every part of the contract, and of the modules that a channel may import."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest
from msgspec import Struct

from bridge.channel import Channel, Host, Limits, Memory, Posted
from bridge.channel_settings import ChannelSettings
from bridge.errors import ChannelError
from bridge.inbound import Inbound
from bridge.types import Attachment, Body, BodyFile, Button
from tests.operations.pages import unfenced
from tests.platforms import PLATFORMS
from tests.tunnel.note import ROOT

PAGE = unfenced(ROOT / "docs" / "channels.md")
IN_CODE = " ".join(re.findall(r"`([^`]+)`", PAGE))
OF_A_FILE = {"digest"}
"""A field that `BodyFile.of` fills in."""


def parts(kind: type) -> Iterator[str]:
    """The fields and methods of a type that its user sees."""
    if is_dataclass(kind):
        yield from (each.name for each in fields(kind))
    elif issubclass(kind, Struct):
        yield from kind.__struct_fields__
    else:
        declared = {**vars(kind), **inspect.get_annotations(kind)}
        yield from (name for name in declared if not name.startswith("_") or name in ("__aenter__", "__aexit__"))


@pytest.mark.parametrize("kind", [Channel, Posted, Host, Memory, Limits, Body, BodyFile, Button, Attachment])
def test_every_part_of_the_contract_is_named(kind: type) -> None:
    for name in parts(kind):
        assert name in OF_A_FILE or re.search(rf"(?<!\w){name}(?!\w)", IN_CODE), name


def test_every_part_of_the_settings_is_named() -> None:
    for name in (*parts(ChannelSettings), "is_address"):
        if name != "model_config":
            assert re.search(rf"(?<!\w){name}(?!\w)", IN_CODE), name


def test_every_event_and_every_error_is_named() -> None:
    for event in get_args(Inbound):
        assert f"| `{event.__name__}` |" in PAGE
    errors: list[type[ChannelError]] = [ChannelError, *ChannelError.__subclasses__()]
    for error in errors:
        if error.__module__ == "bridge.errors":
            assert re.search(rf"\| `{error.__name__}(\(\w+\))?` \|", PAGE), error


def test_the_modules_that_a_channel_may_import_are_those_in_use() -> None:
    used = set()
    for path in (ROOT / "channels").rglob("*.py"):
        used |= set(re.findall(r"(?m)^\s*from (bridge\.\w+)[\w.]* import", path.read_text()))
    listed = PAGE.partition("may import these modules")[2].partition("import-linter")[0]
    assert used == set(re.findall(r"`(bridge\.\w+)`", listed))


def test_every_module_of_the_kit_is_named() -> None:
    kit = {path.name for path in (ROOT / "channels" / "kit").glob("*.py")} - {"__init__.py"}
    assert kit == set(re.findall(r"(?m)^\| `kit/(\w+\.py)` \|", PAGE))


def test_every_channel_has_an_emulator_and_a_page() -> None:
    for name in PLATFORMS:
        assert (ROOT / "tests" / "emulators" / name).is_dir()
        for page in (f"{name}.md", f"{name}.zh-CN.md"):
            assert (ROOT / "docs" / page).is_file()
