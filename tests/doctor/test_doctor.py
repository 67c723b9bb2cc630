"""`cherry-bridge doctor` on set-ups that work and on those that do not: one line names the cause and its fix."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from bridge.admin.doctor import examine
from bridge.admin.doctor.store import _weaknesses
from bridge.diagnostics import Diagnostic
from bridge.store import ChannelState, open_store
from bridge.words.shell import DOCTOR
from channels.feishu.checks import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.doctor.breakages import BROKEN, discord, feishu, feishu_says, serve
from tests.doctor.conftest import DoctorRig, closed_port
from tests.emulators.gateway import GatewayEmulator, Generation
from tests.emulators.speech import KEY as SPEECH_KEY
from tests.emulators.speech import SpeechEmulator
from tests.tunnel.note import ROOT


@pytest.mark.parametrize("name", BROKEN)
async def test_one_line_names_the_cause_and_the_fix(name: str, rig: DoctorRig) -> None:
    broken = BROKEN[name]
    await broken.how(rig)
    status, said = await rig.doctor()
    wrong = [line for line in said.splitlines() if line.startswith("!!")]
    assert status == 1
    assert len(wrong) == 1, said
    cause, _, fix = wrong[0].partition(" -> ")
    assert broken.cause in cause, said
    assert broken.fix in fix, said
    assert said.endswith("To fix: 1.\n")


@pytest.mark.parametrize(("generation", "version"), [("A", "1.6"), ("B", "1.7 - 1.9"), ("C", "2")])
async def test_nothing_is_wrong(generation: Generation, version: str, rig: DoctorRig) -> None:
    rig.monkeypatch.setattr("channels.telegram.checks.LISTEN_SECONDS", 1)
    async with GatewayEmulator(generation) as gateway:
        rig.set(BRIDGE_GATEWAY_URL=gateway.url)
        status, said = await rig.doctor()
    assert status == 0, said
    assert f"ok  gateway   {gateway.url} is Cherry Studio {version}." in said
    assert "ok  answer    fake-openai:ok answers; its first words came after 0." in said
    assert "ok  telegram  The token is that of @cherry_test_bot." in said
    assert "ok  store     Valkey 9" in said
    assert said.endswith("Everything that a run needs is there.\n")


async def test_the_embedded_store_is_tried_too(rig: DoctorRig) -> None:
    rig.unset("BRIDGE_REDIS_URL")
    status, said = await rig.doctor()
    assert status == 0, said
    assert "ok  store     The embedded Valkey 9" in said


async def test_every_platform_at_its_best(rig: DoctorRig) -> None:
    await discord()(rig)
    await feishu()(rig)
    status, said = await rig.doctor()
    assert status == 0, said
    assert "ok  discord   The token is that of" in said
    assert "--  discord   Message Content Intent is off" in said
    assert "ok  discord   Discord's gateway answers." in said
    assert "ok  feishu    The app is " in said
    assert "ok  feishu    The long connection can be made." in said


async def test_a_speech_server_is_tried(rig: DoctorRig) -> None:
    async with SpeechEmulator() as server:
        rig.set(BRIDGE_SPEECH_URL=server.url, BRIDGE_SPEECH_KEY=SPEECH_KEY, BRIDGE_SPEECH_VOICE_MODEL="tts")
        status, said = await rig.doctor()
        assert status == 0, said
        assert "takes recordings for whisper-1." in said and "ok  speech    tts speaks." in said
        assert SPEECH_KEY not in said


async def test_a_bot_in_no_server_is_told_how_to_invite_it(rig: DoctorRig) -> None:
    me = {"id": "42", "username": "cherry", "flags": 1 << 19, "approximate_guild_count": 0}
    rig.set(DISCORD_TOKEN="a.b.c", DISCORD_API_URL=await serve(rig, lambda _: web.json_response(me)))
    rig.set(DISCORD_GATEWAY_URL=f"ws://127.0.0.1:{closed_port()}/")
    _, said = await rig.doctor()
    assert "-> Invite it: https://discord.com/oauth2/authorize?client_id=42&scope=bot+applications.commands" in said
    assert "Message Content Intent" not in said


async def test_a_running_bridge_is_not_disturbed(rig: DoctorRig) -> None:
    """Polling for a second program would cut its poll."""
    rig.monkeypatch.setattr("channels.telegram.checks.LISTEN_SECONDS", 1)
    async with open_store(os.environ["BRIDGE_REDIS_URL"], rig.home) as store:
        await store.heartbeats.beat()
        status, said = await rig.doctor()
    assert status == 0, said
    assert rig.telegram.server.called("getUpdates") == []


async def test_several_problems_are_all_told(rig: DoctorRig) -> None:
    rig.set(BRIDGE_IDLE_SECONDS="soon", BRIDGE_LOG="loud", BRIDGE_GATEWAY_KEY="cs-sk-wrong-wrong-wrong-wrong")
    rig.telegram.world.webhook = "https://example.org/hook"
    status, said = await rig.doctor()
    assert status == 1
    wrong = "\n".join(line for line in said.splitlines() if line.startswith("!!"))
    assert all(part in wrong for part in ("BRIDGE_IDLE_SECONDS", "BRIDGE_LOG", "The key is wrong", "webhook")), said
    assert "To fix: 4." in said


@pytest.mark.parametrize("as_json", [False, True])
async def test_no_secret_is_shown(as_json: bool, rig: DoctorRig) -> None:
    key = rig.gateway.key
    token = rig.telegram.server.token
    rig.gateway.answer(f"the key {key}")
    rig.telegram.world.me = replace(rig.telegram.world.me, username=f"bot_{token}")
    rig.set(BRIDGE_PROXY="http://ann:hush-hush@127.0.0.1:9", BRIDGE_REDIS_URL="redis://:hush-hush@127.0.0.1:9")
    status, said = await rig.doctor(as_json=as_json)
    assert status == 1
    for secret in (key, token, "hush-hush"):
        assert secret not in said


async def test_names_from_outside_cannot_command_the_terminal(rig: DoctorRig) -> None:
    rig.telegram.world.me = replace(rig.telegram.world.me, username="cherry\x1b[2J\nok  fake")
    _, said = await rig.doctor()
    assert "\x1b" not in said
    assert "\nok  fake" not in said


async def test_json(rig: DoctorRig) -> None:
    rig.unset("BRIDGE_GATEWAY_KEY")
    status, said = await rig.doctor(as_json=True)
    report = json.loads(said)
    assert status == 1
    assert report["ok"] is False
    wrong = [finding for finding in report["findings"] if finding["mark"] == "wrong"]
    assert [finding["area"] for finding in wrong] == ["key"]
    assert wrong[0]["mend"].startswith("Set BRIDGE_GATEWAY_KEY")


@pytest.mark.parametrize(
    ("language", "cause"), [("zh_CN.UTF-8", "缺少密钥"), ("zh_TW.UTF-8", "缺少金鑰"), ("fr_FR.UTF-8", "key is missing")]
)
async def test_it_speaks_the_language_of_the_terminal(language: str, cause: str, rig: DoctorRig) -> None:
    rig.set(LANG=language)
    rig.unset("BRIDGE_GATEWAY_KEY")
    assert cause in (await rig.doctor())[1]


async def test_a_system_proxy_is_harmless_and_mentioned(rig: DoctorRig) -> None:
    rig.set(http_proxy="http://ann:hush-hush@127.0.0.1:7890", all_proxy="socks5://127.0.0.1:7891")
    status, said = await rig.doctor()
    assert status == 0, said
    assert "--  proxy     This system's proxy (all, http) would take requests to 127.0.0.1." in said
    rig.set(no_proxy="127.0.0.1")
    assert "proxy  " not in (await rig.doctor())[1]


async def test_what_is_good_to_know_is_not_wrong(rig: DoctorRig) -> None:
    rig.env_file.write_text("# mine\n")
    rig.env_file.chmod(0o644)
    rig.telegram.world.reads_all = False
    await feishu_says()(rig)
    status, said = await rig.doctor()
    assert status == 0, said
    assert "--  settings  Others on this machine can read .env, with its secrets. -> Run: chmod 600 .env" in said
    assert "--  models    " in said
    assert "--  telegram  Privacy mode is on" in said
    assert "--  feishu    Which scopes the app has cannot be seen (code 99991400)." in said
    assert "--  discord   Not in use." in said


async def test_the_scope_for_departments_is_for_those_who_want_it(rig: DoctorRig) -> None:
    granted = [{"scope_name": name, "grant_status": 1} for name in (*REQUIRED_SCOPES, *OPTIONAL_SCOPES)]
    await feishu_says(scopes={"code": 0, "data": {"scopes": granted}})(rig)
    status, said = await rig.doctor()
    assert status == 0, said
    lacks = "departments cannot be let in: the app lacks contact:user.department:readonly. -> Leave it so unless"
    assert f"--  feishu    Whole {lacks}" in said
    granted.append({"scope_name": "contact:user.department:readonly", "grant_status": 1})
    assert "cannot be let in" not in (await rig.doctor())[1]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Some functions need scopes that the app lacks: im:resource. -> docs/feishu.md"),
        ("zh-CN", "部分功能需要的权限：im:resource。 -> "),
        ("zh-TW", "部分功能需要的權限：im:resource。 -> "),
    ],
)
async def test_without_the_scope_for_files_it_is_said(language: str, said: str, rig: DoctorRig) -> None:
    scopes = [
        {"scope_name": name, "grant_status": 1}
        for name in (*REQUIRED_SCOPES, *OPTIONAL_SCOPES)
        if name != "im:resource"
    ]
    await feishu_says(scopes={"code": 0, "data": {"scopes": scopes}})(rig)
    rig.set(BRIDGE_LANGUAGE=language)
    status, printed = await rig.doctor()
    assert status == 0, printed
    assert said in printed
    assert "auth?q=im:resource " in printed


def test_doctor_looks_for_the_scopes_of_the_page() -> None:
    page = (ROOT / "docs" / "feishu.md").read_text()
    [block] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    scopes = json.loads(block)["scopes"]["tenant"]
    assert {*REQUIRED_SCOPES, *OPTIONAL_SCOPES} == {
        name for name in scopes if not name.startswith("application:app_slash_command:")
    }


async def test_a_check_that_hangs_or_fails_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.admin.doctor.MAX_SECONDS", 0.2)

    async def look(how: str) -> AsyncIterator[Diagnostic]:
        yield Diagnostic("ok", how, "before")
        if how == "hangs":
            await asyncio.Event().wait()
        if how == "fails":
            raise ZeroDivisionError
        yield Diagnostic("ok", how, "after")

    checks = {how: partial(look, how) for how in ("hangs", "fails", "works")}
    found = [(each.area, each.text) async for each in examine(checks, DOCTOR["en"])]
    assert found == [
        ("hangs", "before"),
        ("hangs", "This check did not finish within 0.2 s."),
        ("fails", "before"),
        ("fails", "This check itself failed (ZeroDivisionError)."),
        ("works", "before"),
        ("works", "after"),
    ]


@pytest.mark.parametrize(
    ("about", "cause"),
    [
        ({"aof_enabled": 1, "aof_last_write_status": "err"}, "Redis fails to write to its disk."),
        ({"aof_enabled": 0, "rdb_last_bgsave_status": "err"}, "Redis fails to write to its disk."),
        ({"aof_enabled": 0}, "Redis only takes snapshots"),
        ({"aof_enabled": 1, "maxmemory_policy": "volatile-lru", "maxmemory": 0}, ""),
        ({}, ""),
    ],
)
def test_what_a_server_says_of_itself(about: dict[str, object], cause: str) -> None:
    found = list(_weaknesses(about, "3600 1", DOCTOR["en"]))
    assert bool(found) == bool(cause)
    assert not cause or found[0].text.startswith(cause)


async def test_the_command_itself(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "zh_CN.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONIOENCODING": "ascii",
        "BRIDGE_GATEWAY_URL": f"http://127.0.0.1:{closed_port()}",
        "BRIDGE_DATA_DIR": str(tmp_path / "data"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "doctor", "--json"), stdout=-1, cwd=tmp_path, env=environment
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    wrong = [finding["area"] for finding in json.loads(said)["findings"] if finding["mark"] == "wrong"]
    assert wrong == ["channels", "gateway"]


async def test_that_conversations_can_be_read_is_said(rig: DoctorRig) -> None:
    _, shown = await rig.doctor()
    assert "BRIDGE_WEB_READ" not in shown
    rig.set(BRIDGE_WEB_READ="1")
    status, shown = await rig.doctor()
    assert status == 0, shown
    assert re.search(r"--  page .*remove BRIDGE_WEB_READ", shown), shown


async def test_what_waits_for_a_restart_is_said(rig: DoctorRig) -> None:
    rig.env_file.touch(mode=0o600)
    async with open_store(rig.redis_url, rig.home) as store:
        for seconds, is_said in ((60, False), (-60, True)):
            state = ChannelState("telegram", "up", time.time(), started=time.time() + seconds)
            await store.channel_states.say([state])
            status, shown = await rig.doctor()
            assert status == 0, shown
            assert (".env has been changed since." in shown) == is_said, shown
