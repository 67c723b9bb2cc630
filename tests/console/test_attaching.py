"""Files in the terminal: named by /file, dragged into the line, given to one question on the command line."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bridge.inbound import Said
from channels.console.attachments import NoSuchFile, attachment, split
from tests.console.test_pipes import piped
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.media.samples import opened, photo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cat.png").write_bytes(photo(format="PNG"))
    (tmp_path / "my notes.txt").write_text("notes")
    return tmp_path


def names(line: str) -> tuple[str, list[str]]:
    text, attachments = split(line)
    return text, [each.name for each in attachments]


def test_a_path_at_the_head_of_a_line_is_a_file(folder: Path) -> None:
    cat, notes = folder / "cat.png", folder / "my notes.txt"
    escaped = str(notes).replace(" ", "\\ ")
    assert names(f"{cat} what is this?") == ("what is this?", ["cat.png"])
    assert names(f"'{notes}' and so?") == ("and so?", ["my notes.txt"])
    assert names(f"{escaped} ") == ("", ["my notes.txt"])
    assert names(f"{cat} {escaped} compare") == ("compare", ["cat.png", "my notes.txt"])
    assert names(f"file://{cat} go") == ("go", ["cat.png"])
    assert names(f"/file {cat} go") == ("go", ["cat.png"])
    assert names(f'/file "{notes}"') == ("", ["my notes.txt"])


def test_what_is_no_file_is_talk(folder: Path) -> None:
    for line in (
        "/model openai:gpt",
        "/usr/bin/none is a path",
        f"what is {folder}/cat.png?",
        f"{folder} is a folder",
        "'",
    ):
        assert names(line) == (line, [])
    for line in ("/file", "/file nothing.png look", f"/file {folder}"):
        with pytest.raises(NoSuchFile):
            split(line)


def test_a_file_is_told_by_its_name(folder: Path) -> None:
    cat = attachment(folder / "cat.png")
    assert (cat.kind, cat.mime, cat.size) == ("image", "image/png", (folder / "cat.png").stat().st_size)
    os.utime(folder / "cat.png", (1, 1))
    assert attachment(folder / "cat.png").ref != cat.ref


def chat(folder: Path, gateway: GatewayEmulator, *options: str) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "BRIDGE_GATEWAY_URL": gateway.url,
        "BRIDGE_GATEWAY_KEY": gateway.key,
        "BRIDGE_MODEL": "fake-openai:ok",
        "BRIDGE_DATA_DIR": str(folder / "data"),
    }
    command = [sys.executable, "-m", "bridge", "chat", *options]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def ended(process: subprocess.Popen[bytes], input: bytes = b"") -> tuple[int, str, str]:
    out, err = await asyncio.to_thread(process.communicate, input, 60)
    return process.returncode, out.decode(), err.decode()


def saved(path: str) -> tuple[int, int]:
    """The size of the picture that was written there."""
    return opened(Path(path).read_bytes()).size


async def test_one_question_with_a_file(folder: Path) -> None:
    async with GatewayEmulator("B") as gateway:
        code, out, err = await ended(chat(folder, gateway, "--file", "cat.png", "What is this?"))
        assert (code, err) == (0, "")
        assert out.strip().endswith("What is this?")
        assert [opened(each).size for each in gateway.requests[-1].pictures[0]] == [(400, 300)]
        code, out, err = await ended(chat(folder, gateway, "--file", "dog.png", "What?"))
        assert (code, out) == (2, "") and "there is no file dog.png" in err
        (folder / "bad.png").write_bytes(b"\x89PNG")
        code, out, err = await ended(chat(folder, gateway, "--file", "bad.png", "What?"))
        assert (code, out) == (1, "") and "I cannot open it" in err
        gateway.behave("ok", Behaviour(text="", pictures=(photo(30, 20, format="PNG"),)))
        code, out, err = await ended(chat(folder, gateway, "Draw."))
        assert (code, err) == (0, "")
        path = out.strip().removeprefix("![](<").removesuffix(">)")
        assert saved(path) == (30, 20)


def test_a_talk_with_files(folder: Path) -> None:
    lines = f"/file {folder}/cat.png What is this?\n/file nothing.png\n{folder}/cat.png And this?\n"
    run = piped(folder, lines, PYTHONIOENCODING="utf-8")
    assert b"There is no such file: nothing.png" in run.stdout
    heard = [msgspec.json.decode(line, type=Said) for line in (folder / "heard").read_bytes().splitlines()]
    assert [(each.text, [file.name for file in each.attachments]) for each in heard] == [
        ("What is this?", ["cat.png"]),
        ("And this?", ["cat.png"]),
    ]
