"""What the stories of the platforms tell, told in the terminal: `cherry-bridge chat`, typed into and read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console.seat import Seat
from tests.emulators.gateway import GatewayEmulator, Passage


class ChatSeat(Seat):
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
    }
    return lambda: ChatSeat(tmp_path, rows=60, columns=120, **environment)


async def test_usage_with_a_picture_in_a_file(chat: Open, tmp_path: Path) -> None:
    def story() -> str:
        with chat() as seat:
            seat.until("/help shows what else I can do.")
            seat.say("one")
            seat.until("You said: one")
            seat.say("/usage")
            seat.until("usage.png")
            seat.say("/usage people")
            return seat.until("By person, this month")

    shown = await asyncio.to_thread(story)
    assert "Today: turns: 1, tokens: 18" in shown
    assert re.search(r"console:\S+\)?: turns: 1, tokens: 18", shown)
    assert (tmp_path / "data" / "files" / "usage.png").stat().st_size > 1000


async def test_a_persona_and_a_chain(chat: Open) -> None:
    def story() -> str:
        with chat() as seat:
            seat.until("/help shows what else I can do.")
            seat.say("/persona teacher")
            seat.until("Teacher answers from your next message on.")
            seat.say("/chain save brief: summary -> Find a title for: {input}")
            seat.until("Send /brief and a text to run it.")
            seat.say("/brief A text.")
            return seat.until("You said: Find a title for: You said: A text.")

    assert "1. Summariser" in await asyncio.to_thread(story)


async def test_help_by_number_and_tab(chat: Open) -> None:
    def story() -> str:
        with chat() as seat:
            seat.until("/help shows what else I can do.")
            seat.say("/help")
            seat.until("Send the number of your choice.")
            seat.say("3")  # Prompts
            seat.until("/chain: Chains of prompts")
            seat.until_prompt()
            seat.type("/reasoning f\t")
            return seat.until("› /reasoning full")

    assert "1 Talking" in await asyncio.to_thread(story)


def command(seat: Seat, text: str) -> None:
    """Send a command; the space ends what the console offers to complete."""
    seat.until_prompt()
    seat.type(f"{text} \r")


async def test_conversations_are_kept_opened_and_exported(chat: Open, gateway: GatewayEmulator, tmp_path: Path) -> None:
    def story() -> str:
        with chat() as seat:
            seat.until("/help shows what else I can do.")
            seat.say("My name is Mia.")
            seat.until("You said: My name is Mia.")
            command(seat, "/new")
            seat.until("A new conversation. /chats goes back to this one.")
            seat.say("/search MIA")
            seat.until("Send the number of your choice.")
            seat.say("1")
            seat.until("It ended with:")
            seat.say("And now?")
            seat.until("You said: And now?")
            command(seat, "/export")
            seat.until(".json")
            seat.say("/forget all")
            seat.until("Send the number of your choice.")
            seat.say("1")
            return seat.until("Nothing that was said here is kept any more.")

    shown = await asyncio.to_thread(story)
    assert "My name is Mia." in shown
    assert gateway.requests[-1].messages[0]["content"] == "My name is Mia."
    [markdown] = (tmp_path / "data" / "files").glob("*.md")
    assert "You said: And now?" in markdown.read_text()


async def test_a_tool_and_knowledge_with_sources(chat: Open, gateway: GatewayEmulator, tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("Cats may sleep on the sofa.")
    gateway.bases = {"Handbook": [Passage("A refund is paid within 14 days.", "/home/mia/handbook.pdf", 3)]}

    def story() -> str:
        with chat() as seat:
            seat.until("/help shows what else I can do.")
            command(seat, "/tools on")
            seat.until("Tools are on here.")
            gateway.call_tools((("calculator", '{"expression":"6*7"}'), ("current_time", "{}")), text="It is 42.")
            seat.say("What is 6 times 7?")
            seat.until("It is 42.")
            command(seat, "/tools off")
            seat.until("Tools are off here.")
            command(seat, "/kb")
            seat.until("1 Handbook")
            command(seat, "1")
            seat.until("Questions here are answered from:")
            gateway.answer("Within 14 days [1].")
            seat.say("When is a refund paid?")
            seat.until("[1] handbook.pdf (Handbook), page 3")
            gateway.answer("I have read it.")
            seat.say(f"/file {tmp_path / 'rules.txt'}")
            seat.until("I have read it.")
            command(seat, "/kb add")
            seat.until("rules.txt is kept for this chat.")
            gateway.answer("On the sofa [2].")
            command(seat, "/kb ask Where may cats sleep?")
            return seat.until("[2] rules.txt: “Cats may sleep on the sofa.”")

    shown = await asyncio.to_thread(story)
    assert "calculator" in shown and "calculator …" not in shown, "no line of a tool that runs is left"
