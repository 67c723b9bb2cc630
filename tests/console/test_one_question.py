"""`cherry-bridge chat TEXT`: all that comes with an answer, and nothing that is not part of it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bridge.admin.shell.ask import ask
from bridge.settings import Settings
from bridge.types import ModelId
from channels.console.files import LocalFiles
from tests.emulators.servers import ServerEmulator, chunk, refusal, streamed
from tests.gateway.table import INVALID, PNG, REFUSALS, STREAMS


async def asked(server: ServerEmulator, folder: Path) -> int:
    settings = Settings(gateway_url=server.url, system="Be brief.", language="en")
    return await ask(settings, "Why is the sky blue?", ModelId.parse("gpt-4o"), [], LocalFiles(folder))


@pytest.mark.parametrize("name", STREAMS)
async def test_all_that_comes_is_printed(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = STREAMS[name]
    async with ServerEmulator() as server:
        server.script(row.reply)
        status = await asked(server, tmp_path)
    out, err = capsys.readouterr()
    pictures = [f"![{alt}](<{tmp_path}/picture-1.png>)" for alt in row.pictures]
    sources = [f"[{n}] [{url.split('/')[2]}](<{url}>)" for n, url in enumerate(row.sources, 1)]
    printed = [line.strip().replace("`", "") for line in out.splitlines() if line.strip()]
    assert printed == [*row.text.splitlines(), *pictures, *(["**Sources**"] if sources else []), *sources]
    warned = row.note.partition("⚠️")[2].strip()
    assert err.strip().removeprefix("⚠️").strip() == warned
    assert status == (0 if (row.text or row.pictures) and "longer than" not in warned else 1)
    assert all((tmp_path / "picture-1.png").read_bytes() == PNG for _ in row.pictures)


@pytest.mark.parametrize("name", REFUSALS)
async def test_what_is_refused_is_left_out(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with ServerEmulator() as server:
        server.script(REFUSALS[name].reply)
        assert await asked(server, tmp_path) == 0
        assert not REFUSALS[name].concerns(server.requests[-1])
    assert capsys.readouterr().out.endswith("Why is the sky blue?\n")


async def test_why_an_answer_failed_or_ended_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with ServerEmulator() as server:
        server.script(INVALID, streamed(chunk("Half")))
        assert [await asked(server, tmp_path), await asked(server, tmp_path)] == [1, 1]
    out, err = capsys.readouterr()
    assert out == "Half\n"
    assert "body.messages: field required" in err and err.endswith("The answer was cut off.\n")


async def test_a_model_that_is_not_there_has_near_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = "There are no healthy deployments for this model. Passed model=gpt-4o"
    async with ServerEmulator("litellm") as server:
        server.script(refusal(400, {"error": {"message": message, "code": "400"}}))
        assert await asked(server, tmp_path) == 1
    said = capsys.readouterr().err
    assert said.startswith("There is no model gpt-4o here.")
    assert "\n  gpt-4o\n  claude-sonnet\n" in said


async def test_on_a_terminal_it_grows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    async with ServerEmulator() as server:
        server.script(STREAMS["thought without an opening"].reply)
        assert await asked(server, tmp_path) == 0
        await asyncio.sleep(0)
    assert capsys.readouterr().out.endswith("Answer\n")
