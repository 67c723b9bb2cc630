"""Stories of servers that are not Cherry Studio: they go away and come back, and are called by their own names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.servers import KEY, NO_LIST, Kind, ServerEmulator, refusal
from tests.harness import BridgeProcess, until
from tests.platform import Platform
from tests.stories.test_away import told

NAMES: dict[Kind, str] = {"litellm": "LiteLLM", "ollama": "Ollama", "plain": "The gateway"}


@pytest.fixture(params=NAMES)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ServerEmulator]:
    async with ServerEmulator(request.param, key=KEY) as server:
        yield server


@pytest.fixture
async def telegram() -> AsyncIterator[Platform]:
    from tests.platforms import PLATFORMS

    async with PLATFORMS["telegram"]() as platform:
        yield platform


async def test_a_server_goes_away_and_comes_back(server: ServerEmulator, telegram: Platform, tmp_path: Path) -> None:
    admins, model = str(telegram.user("mia")), server.models[0]
    name = server.shape.name or "The gateway"
    settings = {"BRIDGE_ADMINS": admins, "BRIDGE_MODEL": model, "BRIDGE_AWAY_SECONDS": "1"}
    async with BridgeProcess(telegram, server, tmp_path, **settings) as bot:
        assert (await bot.ask("hello"))[-1].text == "You said: hello"
        await bot.ask("/models")
        later = "the gateway" if name == "The gateway" else name
        assert (await bot.ask("/later"))[
            -1
        ].text == f"While {later} is away, I say so at once, and messages do not wait."
        await bot.ask(f"/allow {telegram.user('tom')}")
        await bot.ask("/later on", who="tom")
        await server.stop()
        await telegram.say("one", who="tom")
        await until(lambda: told(bot, f"⏳ {name} is not answering. Your messages", "tom"), "that it waits")
        await until(
            lambda: told(bot, f"{name} is not answering any more; I tried {server.url}."), "the owner to be told"
        )
        assert (await bot.ask("two"))[-1].text.startswith(f"⚠️ {name} is not answering. Is it running?")
        await bot.kill()
        await bot.start()  # it has never seen the server
        assert (await bot.ask("three"))[-1].text.startswith(f"⚠️ {name} is not answering. Is it running?")
        await server.start()
        await until(lambda: bot.bubbles(who="tom")[-1].text == "You said: one", "what waited to be answered")
        await until(lambda: told(bot, f"{name} is back, after 1 min."), "the owner to be told")
        await bot.ask("now?")
        assert told(bot, f"{name} is back") == 1
        assert not any("Cherry Studio" in bubble.text for who in ("mia", "tom") for bubble in bot.bubbles(who=who))


async def test_a_server_that_refuses_says_who_it_is(telegram: Platform, tmp_path: Path) -> None:
    settings = {"BRIDGE_ADMINS": str(telegram.user("mia")), "BRIDGE_MODEL": "llama3.2:latest"}
    async with ServerEmulator("ollama") as server, BridgeProcess(telegram, server, tmp_path, **settings) as bot:
        await bot.ask("/model")
        server.script(refusal(400, {"error": {"message": "no"}}), refusal(500, {"error": {"message": "out of memory"}}))
        assert (await bot.ask("one"))[-1].text.startswith("⚠️ Ollama refused the request.")
        assert (await bot.ask("two"))[-1].text.startswith("⚠️ Ollama failed to answer.")
        assert (await bot.ask("/model 14b"))[-1].text == "There is no model “14b”."
        assert (await bot.ask("/model qwen"))[-1].text == "Now: Ollama · qwen3:8b"
        await bot.ask("three")
        assert server.requests[-1]["model"] == "qwen3:8b"
        assert (await bot.ask("/model llama3.2:latest"))[-1].text == "Now: Ollama · llama3.2:latest"
        assert (await bot.ask("/model llama3.9:latest"))[-1].text == "There is no model “llama3.9:latest”."
        overview = (await bot.ask("/model"))[-1]
        assert overview.text.startswith("Now: Ollama · llama3.2:latest")
        assert overview.buttons == [  # the recent one first, and no button twice
            "Ollama · qwen3:8b",
            "Ollama · llama3.2:latest",
            "Ollama · hf.co/bartowski/gemma-3-4b-it-GGUF:Q4_…",
            "Back",
            "Compare",
        ]


async def test_a_model_that_is_not_there_has_near_names(telegram: Platform, tmp_path: Path) -> None:
    message = "There are no healthy deployments for this model. Received Model Group=gpt-4"
    settings = {"BRIDGE_ADMINS": str(telegram.user("mia")), "BRIDGE_MODEL": "gpt-4"}
    async with ServerEmulator("litellm") as server, BridgeProcess(telegram, server, tmp_path, **settings) as bot:
        server.script(refusal(400, {"error": {"message": message, "type": "invalid_request_error", "code": "400"}}))
        [failed] = await bot.ask("hello")
        assert failed.text == "⚠️ There is no model gpt-4 here. Please pick another."
        assert failed.buttons == ["gpt-4o", "claude-sonnet", "Pick a model"]
        await telegram.press(failed.id, "gpt-4o")
        await until(lambda: bot.bubbles()[-1].text == "Now: LiteLLM · gpt-4o", "the choice")
        assert (await bot.ask("hello"))[-1].text == "You said: hello"


async def test_a_server_without_a_list_of_models(telegram: Platform, tmp_path: Path) -> None:
    settings = {"BRIDGE_ADMINS": str(telegram.user("mia")), "BRIDGE_MODEL": ""}
    server = ServerEmulator("vllm", listed=NO_LIST)
    server.models = ["mine"]
    async with server, BridgeProcess(telegram, server, tmp_path, **settings) as bot:
        none = "The gateway answers, but has no list of models. Name a model by its full id: /model and the id."
        assert (await bot.ask("hello"))[-1].text.startswith(f"⚠️ {none}")
        assert (await bot.ask("/model"))[-1].text.startswith(f"⚠️ {none}")
        assert (await bot.ask("/model mine"))[-1].text == "Now: mine"
        assert (await bot.ask("hello"))[-1].text == "You said: hello"
