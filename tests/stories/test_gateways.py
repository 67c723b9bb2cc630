"""Stories of two gateways: one answers where the other does not, and nobody has to know which of them has a model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.console.session import TerminalSession
from tests.doctor.conftest import closed_port
from tests.emulators.gateway import Behaviour, GatewayEmulator, Provider
from tests.harness import BridgeProcess, until
from tests.platform import Bubble, Platform
from tests.server.answers import Answer
from tests.server.harness import write_config
from tests.server.provider import ScriptedProvider, status
from tests.stories.test_away import told

HOME, WORK = "fake-openai:ok", "firm:gpt"
AWAY = "↪ firm:gpt@work answered: the gateway of fake-openai:ok@home is away."


def plain(bubble: Bubble) -> str:
    """Its text without marks of code and empty lines, in which the platforms differ."""
    return bubble.text.replace("`", "").replace("\n\n", "\n")


@dataclass
class Two:
    """Cherry Studio at home, v1, and at work, v2. Both have `fake-openai:ok`."""

    home: GatewayEmulator
    work: GatewayEmulator

    def settings(self) -> dict[str, str]:
        return {
            "BRIDGE_GATEWAYS": "home,work",
            "BRIDGE_GATEWAY_HOME_URL": self.home.url,
            "BRIDGE_GATEWAY_HOME_KEY": self.home.key,
            "BRIDGE_GATEWAY_WORK_URL": self.work.url,
            "BRIDGE_GATEWAY_WORK_KEY": self.work.key,
            "BRIDGE_GATEWAY_WORK_NAME": "The firm",
            "BRIDGE_MODEL": HOME,
        }


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    async with GatewayEmulator("B") as home, GatewayEmulator("C", "cs-sk-of-the-firm") as work:
        both = Provider("fake-openai", "Fake OpenAI", "openai", {"ok": "OK Model"})
        work.providers = [both, Provider("firm", "Firm", "openai", {"gpt": "GPT", "o1": "O1"})]
        yield Two(home, work)


@pytest.fixture
async def bot(platform: Platform, two: Two, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_AWAY_SECONDS": "1", **two.settings()}
    async with BridgeProcess(platform, two.home, tmp_path, **settings) as bot:
        yield bot


async def test_another_answers_while_the_first_is_dead(bot: BridgeProcess, two: Two) -> None:
    assert plain((await bot.ask("/model fallback gpt"))[-1]) == (
        "Now: home · Fake OpenAI · OK Model\nIf it does not answer: firm:gpt@work"
    )
    assert plain((await bot.ask("one"))[-1]) == "You said: one"
    await two.home.stop()
    assert plain((await bot.ask("two"))[-1]) == f"You said: two\n{AWAY}"
    assert plain((await bot.ask("three"))[-1]) == f"You said: three\n{AWAY}"
    assert [request.question for request in two.work.requests] == ["two", "three"]
    assert len(two.work.requests[-1].messages) == 5, "one conversation, whichever model answers"
    await until(lambda: '"gateway is away"' in bot.output(), "the outage to be seen")
    await two.home.start()
    await until(lambda: told(bot, "home is back"), "the owner to be told")
    assert plain((await bot.ask("four"))[-1]) == "You said: four"
    assert two.home.requests[-1].question == "four"


async def test_both_are_dead_and_the_one_that_was_wanted_is_told(
    bot: BridgeProcess, platform: Platform, two: Two
) -> None:
    await bot.ask("/model fallback gpt")
    await two.home.stop()
    await two.work.stop()
    failed = (await bot.ask("one"))[-1]
    assert failed.text.startswith("⚠️ home: Cherry Studio is not answering.")
    assert "↪" not in failed.text
    await bot.ask("/later on")
    await platform.say("two")
    await until(lambda: told(bot, "⏳ home is not answering."), "to be told that it waits")
    await two.work.start()
    await until(lambda: any(b.text.startswith("You said: two") for b in bot.bubbles()), "what waited to be answered")
    assert [request.question for request in two.work.requests] == ["two"]
    assert not two.home.requests


async def test_a_model_that_fails_rests_in_every_process(
    platform: Platform, two: Two, redis_url: str, tmp_path: Path
) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_REDIS_URL": redis_url, **two.settings()}
    two.home.behave("ok", Behaviour(refusal=(429, "You exceeded your current quota.")))
    async with BridgeProcess(platform, two.home, tmp_path, **settings) as bot:
        await bot.ask("/model fallback firm:gpt")
        limited = "fake-openai:ok@home is over its limit."
        assert plain((await bot.ask("one"))[-1]) == f"You said: one\n↪ firm:gpt@work answered: {limited}"
        tried = len(two.home.requests)
        await bot.kill()
        await bot.start()
        assert plain((await bot.ask("two"))[-1]) == f"You said: two\n↪ firm:gpt@work answered: {limited}"
        assert len(two.home.requests) == tried, "the other process knows"


async def test_what_another_model_cannot_mend_is_told(bot: BridgeProcess, two: Two) -> None:
    await bot.ask("/model fallback firm:gpt")
    two.home.behave("ok", Behaviour(end="content_filter", text=""))
    assert plain((await bot.ask("one"))[-1]).startswith("⚠️ home: The provider's filter blocked the answer.")
    two.home.behave("ok", Behaviour(refusal=(400, "This model's maximum context length is 8192 tokens.")))
    assert "home: That is more than" in plain((await bot.ask("two"))[-1])
    two.home.behave("ok", Behaviour(text="Half of it, and then", end="cut", tokens_per_second=20))
    cut = (await bot.ask("three"))[-1]
    assert cut.text.startswith("Half of it")
    assert "home: The answer was cut off." in cut.text
    two.home.key = "another"
    assert plain((await bot.ask("four"))[-1]).startswith("⚠️ home: Cherry Studio does not accept my key.")
    assert "BRIDGE_GATEWAY_HOME_KEY" in bot.bubbles()[-1].text
    assert not two.work.requests


async def test_the_picker_goes_by_gateway_then_provider(bot: BridgeProcess, platform: Platform, two: Two) -> None:
    overview = (await bot.ask("/model"))[-1]
    assert overview.text.startswith("Now: home · Fake OpenAI · OK Model")
    [home, work] = overview.buttons
    assert (home.startswith("home ("), work) == (True, "The firm (3)")
    await platform.press(overview.id, work)
    await until(lambda: bot.bubbles()[-1].buttons[:2] == ["fake-openai (1)", "firm (2)"], "the firm's providers")
    await platform.press(overview.id, "firm (2)")
    await until(lambda: "The firm · firm · o1" in bot.bubbles()[-1].buttons, "the provider's models")
    await platform.press(overview.id, "The firm · firm · o1")
    await until(lambda: bot.bubbles()[-1].text == "Now: The firm · firm · o1", "the choice")
    assert plain((await bot.ask("hello"))[-1]) == "You said: hello"
    assert two.work.requests[-1].model == "firm:o1"


async def test_an_id_in_both_gateways_needs_a_name(bot: BridgeProcess, two: Two) -> None:
    assert plain((await bot.ask("/model firm:o1"))[-1]) == "Now: The firm · firm · o1"
    several = (await bot.ask(f"/model {HOME}"))[-1]
    assert several.text.startswith(f"Several models fit “{HOME}”:")
    assert several.buttons == ["home · Fake OpenAI · OK Model", "The firm · fake-openai · ok"]
    assert plain((await bot.ask(f"/model {HOME}@work"))[-1]) == "Now: The firm · fake-openai · ok"
    await bot.ask("hello")
    assert (two.work.requests[-1].model, two.home.requests) == (HOME, [])
    listed = plain((await bot.ask("/models ok"))[-1])
    assert f"{HOME}@home" in listed
    assert f"{HOME}@work" in listed
    listed = plain((await bot.ask("/models gpt"))[-1])
    assert "firm:gpt" in listed
    assert "firm:gpt@work" not in listed, "it is unique"


async def test_one_is_away_and_the_rest_can_be_chosen(bot: BridgeProcess, two: Two) -> None:
    await two.home.stop()
    listed = plain((await bot.ask("/models"))[-1])
    assert "⚠️ home: Cherry Studio is not answering." in listed
    assert "firm:gpt" in listed
    assert plain((await bot.ask("one"))[-1]).startswith("⚠️ home: Cherry Studio is not answering.")
    await until(lambda: '"gateway is away"' in bot.output(), "the outage to be seen")
    assert plain((await bot.ask("/model o1"))[-1]) == "Now: The firm · firm · o1"
    assert plain((await bot.ask("two"))[-1]) == "You said: two"


async def test_admins_name_fallbacks_for_everybody(bot: BridgeProcess, platform: Platform, two: Two) -> None:
    await bot.ask(f"/allow {platform.user('tom')}")
    assert "fallback: firm:gpt" in plain((await bot.ask("/chat all fallback firm:gpt"))[-1])
    await two.home.stop()
    assert plain((await bot.ask("one", who="tom"))[-1]) == f"You said: one\n{AWAY}"
    await bot.ask("/model fallback off", who="tom")
    assert plain((await bot.ask("two", who="tom"))[-1]).startswith("⚠️ home: Cherry Studio is not answering.")


async def test_our_own_beside_another(platform: Platform, two: Two, tmp_path: Path) -> None:
    """Providers of one's own stand in for Cherry Studio, and the other way round; each is grouped and told apart."""
    settings = {
        **two.settings(),
        "BRIDGE_ADMINS": str(platform.user("mia")),
        "BRIDGE_GATEWAYS": "home,inside",
        "BRIDGE_HEALTH_PORT": str(min(closed_port(), 65_500)),
    }
    settings = {name: value for name, value in settings.items() if "_WORK_" not in name}
    async with ScriptedProvider(Answer("By my own key.")) as provider:
        (tmp_path / "data").mkdir()
        write_config(tmp_path / "data" / "gateway.toml", f'[providers.mine]\nurl = "{provider.url}"\n')
        async with BridgeProcess(platform, two.home, tmp_path, **settings) as bot:
            overview = (await bot.ask("/model"))[-1]
            assert [button.partition(" ")[0] for button in overview.buttons] == ["home", "inside"]
            assert "mine:m1" in plain((await bot.ask("/models m1"))[-1])
            ready = re.search(r"http://127\.0\.0\.1:\d+/readyz", bot.output())
            assert ready is not None, bot.output()
            async with aiohttp.ClientSession() as http, http.get(ready[0]) as response:
                assert (await response.json())["gateways"] == {"home": True, "inside": True}
            await bot.ask("/model fallback m1")
            await two.home.stop()
            answered = plain((await bot.ask("one"))[-1])
            assert answered == "By my own key.\n↪ mine:m1@inside answered: the gateway of fake-openai:ok@home is away."
            await two.home.start()
            assert plain((await bot.ask("/model m1 fallback fake-openai:ok"))[-1]).startswith("Now: inside · mine · m1")
            provider.by_model["m1"] = status(500, {"error": {"message": "Oops"}})
            answered = plain((await bot.ask("two"))[-1])
            assert answered.startswith("You said: two\n↪ fake-openai:ok@home answered: ")


async def test_in_the_terminal(two: Two, redis_url: str, tmp_path: Path) -> None:
    class ChatSeat(TerminalSession):
        def arguments(self) -> list[str]:
            return ["-m", "bridge", "chat"]

    environment = {
        "HOME": str(tmp_path),
        "BRIDGE_DATA_DIR": str(tmp_path / "data"),
        "BRIDGE_REDIS_URL": redis_url,
        "BRIDGE_LANGUAGE": "en",
        **two.settings(),
        "BRIDGE_MODEL": f"{HOME}@home",
        "BRIDGE_FALLBACK": "firm:gpt",
    }
    await two.home.stop()

    def story() -> None:
        with ChatSeat(tmp_path, rows=60, columns=120, **environment) as session:
            session.until("/help shows what else I can do.")
            session.say("one")
            session.until("You said: one")
            session.until("firm:gpt@work answered: the gateway of fake-openai:ok@home is away.")
            session.say("/params temperature 0.5")
            session.until("temperature: 0.5")
            session.say("two")
            session.until("You said: two")

    await asyncio.to_thread(story)
    assert [request.body.get("temperature") for request in two.work.requests] == [None, 0.5]
