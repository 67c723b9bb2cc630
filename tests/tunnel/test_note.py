"""The two languages of the note say the same commands, and so do the files that keep the tunnel up."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from tests.tunnel.note import CHINESE, DEPLOY, NOTE, block, launchd, marked, unit


def test_both_languages_show_the_same_commands() -> None:
    assert marked(NOTE) == marked(CHINESE)


def test_every_keeper_runs_the_command_of_the_note() -> None:
    command = shlex.split(block("tunnel"))
    program, *arguments = shlex.split(unit()["Service"]["ExecStart"])
    assert [program.rpartition("/")[2], *arguments] == command
    assert launchd()["ProgramArguments"] == [program, *arguments]
    assert f"& '$ssh' {shlex.join(arguments)};" in (DEPLOY / "cherry-tunnel.ps1").read_text()


def test_the_servers_keeper_is_made_of_the_desks(tmp_path: Path) -> None:
    folder, make, start, _ = block("keep-l").splitlines()
    subprocess.run(
        ["sh", "-euc", f"{folder}\n{make}"], cwd=DEPLOY.parent, env={**os.environ, "HOME": str(tmp_path)}, check=True
    )
    [made] = (tmp_path / ".config" / "systemd" / "user").iterdir()
    assert made.stem == start.split()[-1]
    changed = made.read_text().splitlines(), (DEPLOY / "cherry-tunnel.service").read_text().splitlines()
    [(ours, desks)] = [pair for pair in zip(*changed, strict=True) if pair[0] != pair[1]]
    assert ours.removeprefix("ExecStart=/usr/bin/") == block("tunnel-l").strip()
    assert desks.removeprefix("ExecStart=/usr/bin/") == block("tunnel").strip()


def test_keepers_never_give_up() -> None:
    assert unit()["Service"]["Restart"] == "always"
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"
    assert launchd()["KeepAlive"] is True
