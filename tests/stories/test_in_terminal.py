"""What the stories of the platforms tell, told in the terminal: `cherry-bridge chat`, typed into and read."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console.session import TerminalSession
from tests.emulators.gateway import Behaviour, GatewayEmulator, Passage
from tests.emulators.tool_server import ToolServerEmulator
from tests.media.samples import photo


class ChatSeat(TerminalSession):
    """A person before `cherry-bridge chat`."""

    def arguments(self) -> list[str]:
        return ["-m", "bridge", "chat"]


Open = Callable[[], ChatSeat]


@pytest.fixture
def chat(gateway: GatewayEmulator, redis_url: str, tmp_path: Path) -> Open:
    environment = {
        "HOME": str(tmp_path),
        "BRIDGE_DATA_DIR": str(tmp_path / "data"),
        "BRIDGE_REDIS_URL": redis_url,
        "BRIDGE_GATEWAY_URL": gateway.url,
        "BRIDGE_GATEWAY_KEY": gateway.key,
        "BRIDGE_MODEL": "fake-openai:ok",
        "BRIDGE_LANGUAGE": "en",
        "BRIDGE_TOOL_SECONDS": "3",
    }
    return lambda: ChatSeat(tmp_path, rows=60, columns=120, **environment)


async def test_usage_with_a_picture_in_a_file(chat: Open, tmp_path: Path) -> None:
    def story() -> str:
        with chat() as session:
            session.until("/help shows what else I can do.")
            session.say("one")
            session.until("You said: one")
            session.say("/usage")
            session.until("usage.png")
            session.say("/usage people")
            return session.until("By person, this month")

    shown = await asyncio.to_thread(story)
    assert "Today: turns: 1, tokens: 18" in shown
    assert re.search(r"console:\S+\)?: turns: 1, tokens: 18", shown)
    assert (tmp_path / "data" / "files" / "usage.png").stat().st_size > 1000


async def test_a_persona_a_chain_and_two_models(chat: Open, gateway: GatewayEmulator) -> None:
    def story() -> str:
        with chat() as session:
            session.until("/help shows what else I can do.")
            session.say("/persona teacher")
            session.until("Teacher answers from your next message on.")
            session.say("/chain save brief: summary -> Find a title for: {input}")
            session.until("Send /brief and a text to run it.")
            gateway.behave("ok", Behaviour(text="A rather long result. " * 15 + "The end.", tokens_per_second=100))
            session.say("/brief A text.")
            session.until(lambda shown: shown.count("The end.") == 2)
            session.until_prompt()
            gateway.behave("ok", Behaviour(text=None))
            session.say("/compare fake-openai:ok claude-ok Why?")
            return session.until("Go on with this one (fake-anthropic:claude-ok): /answer")

    shown = await asyncio.to_thread(story)
    assert shown.count("1. Summariser") == 1, "a step is printed once"
    one, other = shown[shown.index("\nfake-openai:ok\n") :].split("\nfake-anthropic:claude-ok\n")
    for answer in (one, other):
        assert "You said: Why?" in answer and "⏱" in answer and "/answer" in answer, "each whole before the next"


async def test_help_by_number_and_tab(chat: Open) -> None:
    def story() -> str:
        with chat() as session:
            session.until("/help shows what else I can do.")
            session.say("/help")
            session.until("Send the number of your choice.")
            session.say("3")  # Prompts
            session.until("/chain: Chains of prompts")
            session.until_prompt()
            session.type("/reasoning f\t")
            return session.until("› /reasoning full")

    assert "1 Talking" in await asyncio.to_thread(story)


def command(session: TerminalSession, text: str) -> None:
    """Send a command; the space ends what the console offers to complete."""
    session.until_prompt()
    session.type(f"{text} \r")


async def test_conversations_are_kept_opened_and_exported(chat: Open, gateway: GatewayEmulator, tmp_path: Path) -> None:
    def story() -> str:
        with chat() as session:
            session.until("/help shows what else I can do.")
            session.say("My name is Mia.")
            session.until("You said: My name is Mia.")
            command(session, "/new")
            session.until("A new conversation. /chats goes back to this one.")
            session.say("/search MIA")
            session.until("Send the number of your choice.")
            session.say("1")
            session.until("It ended with:")
            session.say("And now?")
            session.until("You said: And now?")
            command(session, "/export")
            session.until(".json")
            session.say("/forget all")
            session.until("Send the number of your choice.")
            session.say("1")
            return session.until("Nothing that was said here is kept any more.")

    shown = await asyncio.to_thread(story)
    assert "My name is Mia." in shown
    assert gateway.requests[-1].messages[0]["content"] == "My name is Mia."
    [markdown] = (tmp_path / "data" / "files").glob("*.md")
    assert "You said: And now?" in markdown.read_text()


async def test_a_tool_and_knowledge_with_sources(chat: Open, gateway: GatewayEmulator, tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("Cats may sleep on the sofa.")
    gateway.bases = {"Handbook": [Passage("A refund is paid within 14 days.", "/home/mia/handbook.pdf", 3)]}

    def story() -> str:
        with chat() as session:
            session.until("/help shows what else I can do.")
            command(session, "/tools on")
            session.until("Tools are on here.")
            gateway.call_tools((("calculator", '{"expression":"6*7"}'), ("current_time", "{}")), text="It is 42.")
            session.say("What is 6 times 7?")
            session.until("It is 42.")
            command(session, "/tools off")
            session.until("Tools are off here.")
            command(session, "/kb")
            session.until("1 Handbook")
            command(session, "1")
            session.until("Questions here are answered from:")
            gateway.answer("Within 14 days [1].")
            session.say("When is a refund paid?")
            session.until("[1] handbook.pdf (Handbook), page 3")
            gateway.answer("I have read it.")
            session.say(f"/file {tmp_path / 'rules.txt'}")
            session.until("I have read it.")
            command(session, "/kb add")
            session.until("rules.txt is kept for this chat.")
            gateway.answer("On the sofa [1].")
            command(session, "/kb ask Where may cats sleep?")
            return session.until("[1] rules.txt: “Cats may sleep on the sofa.”")

    shown = await asyncio.to_thread(story)
    assert "calculator" in shown and "calculator …" not in shown, "no line of a tool that runs is left"
    assert "\n…\n" not in shown, "nor what stands for words that have not come yet"


async def test_tools_of_the_desk(chat: Open, gateway: GatewayEmulator, tmp_path: Path) -> None:
    """Two at once, a picture, 30 rounds, one that is refused, one allowed after a restart, one that hangs; a base that
    is gone."""
    gateway.bases = {"Handbook": [Passage("A refund is paid within 14 days.", "/home/mia/handbook.pdf", 3)]}
    picture = {"type": "image", "data": base64.b64encode(photo(format="PNG")).decode(), "mimeType": "image/png"}
    reads = {"annotations": {"readOnlyHint": True}}
    forecast, book = ("desk__forecast", "{}"), ("desk__book", '{"city":"Paris"}')
    async with ToolServerEmulator() as desk:
        desk.add("forecast", "Sunny.", title="Weather forecast", **reads)
        desk.add("tides", "High at noon.", **reads)
        desk.add("chart", {"content": [picture]}, **reads)
        desk.add("book", "Booked.", title="Book a table")
        gateway.mcps["desk"] = desk
        loop = asyncio.get_running_loop()

        def before() -> None:
            with chat() as session:
                session.until("/help shows what else I can do.")
                command(session, "/tools on")
                session.until("Tools are on here.")
                gateway.call_tools((forecast, ("desk__tides", "{}")), text="It is: {results}")
                session.say("How is the sea?")
                session.until("It is: Sunny. | High at noon.")
                gateway.call_tools((("desk__chart", "{}"),), text="There it is.")
                session.say("Draw it.")
                session.until("picture-1.png")
                gateway.call_tools(*[(forecast,)] * 30)
                session.say("Again and again.")
                session.until("The model was stopped after 10 rounds of tools.")
                gateway.call_tools((book,), text="Well, then not.")
                session.say("Book a table.")
                session.until("city: Paris")
                session.until(lambda shown: "3 No" in shown and "Later: /tool once|always|no " in shown)
                command(session, "3")
                session.until("Well, then not.")
                session.until("Book a table: not allowed")
                gateway.call_tools((book,), text="Done: {results}")
                session.say("Do book it.")
                session.until(lambda shown: shown.count("Later: /tool once|always|no ") == 2)
                session.child.kill(9)

        def after() -> None:
            with chat() as session:
                session.until_prompt()
                command(session, "1")
                session.until("Done: Booked.")
                loop.call_soon_threadsafe(desk.released.clear)
                gateway.call_tools((forecast,), text="I do not know: {results}")
                session.say("And tomorrow?")
                session.until("Weather forecast …")
                session.until("Weather forecast: no answer, given up · 3 s")
                session.until("I do not know: The tool did not answer within 3 seconds.")
                command(session, "/kb")
                session.until("1 Handbook")
                command(session, "1")
                session.until("Questions here are answered from:")
                gateway.bases = {}
                gateway.answer("As far as I know, soon.")
                session.say("When is a refund paid?")
                session.until("is not there (any more)")

        await asyncio.to_thread(before)
        await asyncio.to_thread(after)
        assert (desk.count("forecast"), desk.count("book")) == (12, 1)
        desk.released.set()
