"""`doctor`, `models` and `init` with several gateways: each by its name, with the names of its variables."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bridge import cli
from bridge.admin.shell.models import models
from bridge.settings import Settings
from tests.doctor.conftest import DoctorRig, closed_port
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.servers import ServerEmulator
from tests.server.harness import write_config
from tests.server.provider import ScriptedProvider


def two(rig: DoctorRig, url: str) -> None:
    rig.set(
        BRIDGE_GATEWAYS="home,work",
        BRIDGE_GATEWAY_HOME_URL=rig.gateway.url,
        BRIDGE_GATEWAY_HOME_KEY=rig.gateway.key,
        BRIDGE_GATEWAY_HOME_NAME="Desk",
        BRIDGE_GATEWAY_WORK_URL=url,
        BRIDGE_MODEL="fake-openai:ok@home",
    )
    rig.unset("BRIDGE_GATEWAY_URL", "BRIDGE_GATEWAY_KEY")


async def test_each_is_checked_and_named(rig: DoctorRig) -> None:
    async with ServerEmulator("ollama") as server:
        two(rig, server.url)
        status, shown = await rig.doctor()
    assert status == 0, shown
    assert re.search(r"ok  answer    Desk: fake-openai:ok ", shown), shown
    assert re.search(r"ok  answer    work: llama3.2:latest ", shown), shown


async def test_what_is_wrong_names_its_variables(rig: DoctorRig) -> None:
    two(rig, f"http://127.0.0.1:{closed_port()}")
    rig.set(BRIDGE_GATEWAY_HOME_KEY="cs-sk-wrong")
    status, shown = await rig.doctor()
    assert status == 1
    assert re.search(r"!!  key       Desk: The key is wrong\..*BRIDGE_GATEWAY_HOME_KEY", shown), shown
    assert re.search(r"!!  gateway   work: .*BRIDGE_GATEWAY_WORK_URL", shown), shown
    assert not re.search(r"BRIDGE_GATEWAY_(URL|KEY)", shown)


async def test_models_are_listed_by_gateway(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async with GatewayEmulator("B") as home, ServerEmulator("ollama") as work:
        settings = Settings(
            data_dir=tmp_path,
            language="en",
            gateways=("home", "work"),
            named_gateways={"home": {"url": home.url, "key": home.key}, "work": {"url": work.url}},  # type: ignore[dict-item] # read by pydantic
        )
        assert await models(settings, as_json=False) == 0
        lines = capsys.readouterr().out.splitlines()
        assert re.fullmatch(
            r"fake-openai:ok +home · Fake OpenAI", next(line for line in lines if "fake-openai:ok" in line)
        )
        assert re.fullmatch(r"llama3.2:latest +work", next(line for line in lines if "llama3.2" in line))
        await work.stop()
        assert await models(settings, as_json=False) == 1
        told = capsys.readouterr()
        assert "fake-openai:ok" in told.out
        assert told.err.startswith("work: ")


def inside(rig: DoctorRig, config: str) -> Path:
    rig.set(
        BRIDGE_GATEWAYS="home,inside",
        BRIDGE_GATEWAY_HOME_URL=rig.gateway.url,
        BRIDGE_GATEWAY_HOME_KEY=rig.gateway.key,
        BRIDGE_GATEWAY_INSIDE_NAME="Keys",
        BRIDGE_MODEL="fake-openai:ok",
    )
    rig.unset("BRIDGE_GATEWAY_URL", "BRIDGE_GATEWAY_KEY")
    (rig.home / "data").mkdir()
    return write_config(rig.home / "data" / "gateway.toml", config)


async def test_our_own_is_checked_beside_another(rig: DoctorRig) -> None:
    async with ScriptedProvider() as provider:
        config = inside(rig, f'[providers.mine]\nurl = "{provider.url}"\n')
        status, shown = await rig.doctor()
        assert status == 0, shown
        assert "ok  gateway   Keys: Our own gateway runs inside" in shown
        assert re.search(r"ok  answer    Keys: mine:m1 answers", shown), shown
        write_config(config, '[providers.gone]\nurl = "http://127.0.0.1:9/v1"\n')
        status, shown = await rig.doctor()
    assert status == 1
    assert "!!  gateway   Keys: gone: " in shown and "!!  models    Keys: No provider offers" in shown
    assert "ok  answer    home: " in shown, "the other is well"


@pytest.mark.parametrize("model", ["mine:m9", "mine:m9@hom"])
async def test_a_model_that_is_nowhere_is_told(rig: DoctorRig, model: str) -> None:
    async with ScriptedProvider() as provider:
        inside(rig, f'[providers.mine]\nurl = "{provider.url}"\n')
        rig.set(BRIDGE_MODEL=model, BRIDGE_FALLBACK="fake-openai:ok,gpt-nowhere")
        status, shown = await rig.doctor()
        assert status == 1
        assert f"!!  models    BRIDGE_MODEL names {model}, which none of the gateways (home, Keys) offers." in shown
        assert "Set BRIDGE_MODEL to one like it: " in shown
        assert "BRIDGE_FALLBACK names gpt-nowhere" in shown and "BRIDGE_FALLBACK names fake" not in shown
        await rig.gateway.stop()
        _, shown = await rig.doctor()
        assert "none of the gateways" not in shown, "the one that is away may have it"


@pytest.mark.parametrize("command", [["chat", "hello"], ["bench", "--runs", "1"]])
async def test_nor_is_it_asked_for(rig: DoctorRig, command: list[str]) -> None:
    async with ScriptedProvider() as provider:
        inside(rig, f'[providers.mine]\nurl = "{provider.url}"\n')
        rig.set(BRIDGE_MODEL="gpt-nowhere")
        rig.monkeypatch.chdir(rig.home)
        assert await asyncio.to_thread(cli.main, command) == 1
        told = rig.capsys.readouterr().err
    assert "None of the gateways (home, Keys) has the model gpt-nowhere." in told
    assert "@home" in told, "what is most like it"
    assert not provider.seen and not rig.gateway.requests
