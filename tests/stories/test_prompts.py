"""Stories of stored prompts: a persona picked, saved and shared, and chains of prompts, stopped and taken up again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Bubble, Platform

OTHER = "fake-openai:vendor/ok:free"
BRIEF = f"/chain save brief: summary -> Make it short: {{input}} @{OTHER} -> Find a title for: {{input}}"

Press = Callable[[Bubble, str, str], Awaitable[Bubble]]


@pytest.fixture
def press(bot: BridgeProcess) -> Press:
    async def press(bubble: Bubble, label: str, seen: str) -> Bubble:
        """Press a button, and wait until the message that carried it shows `seen`."""
        await bot.platform.press(bubble.id, label)
        return await until(lambda: next((b for b in bot.bubbles() if seen in b.text), None), seen)

    return press


def system(gateway: GatewayEmulator) -> str:
    """The system prompt of the last request."""
    [*first, _] = gateway.requests[-1].messages
    return str(first[0]["content"]) if first and first[0]["role"] == "system" else ""


async def test_a_persona_is_picked_by_button(bot: BridgeProcess, gateway: GatewayEmulator, press: Press) -> None:
    [menu] = await bot.ask("/persona")
    assert "No persona is set here." in menu.text
    assert len(menu.buttons) == 13 and menu.buttons[0] == "Translator" and menu.buttons[-1] == "None"
    await press(menu, "Translator", "Translator answers from your next message on.")
    await bot.ask("bonjour")
    assert system(gateway).startswith("You are a translator.")
    [told] = await bot.ask("/system")
    assert "You are a translator." in told.text, "a persona is a system prompt with a name"
    [told] = await bot.ask("/persona")
    assert "The persona here is Translator." in told.text
    await bot.ask("/system Rhyme.")
    [told] = await bot.ask("/persona")
    assert "a text of your own" in told.text
    await bot.ask("/persona 老师")
    await bot.ask("bonjour encore")
    assert system(gateway).startswith("You are a patient teacher.")
    await press((await bot.ask("/persona"))[0], "None", "The system prompt is removed.")
    await bot.ask("salut")
    assert "teacher" not in str(gateway.requests[-1].messages)


async def test_a_persona_of_ones_own_is_saved_and_shared(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, press: Press
) -> None:
    await bot.ask(f"/allow {platform.user('tom')}")
    [saved] = await bot.ask("/persona save pirate: Talk like a pirate.")
    assert "/persona pirate picks it." in saved.text
    assert {"For this chat", "For everybody", "Delete"} <= set(saved.buttons)
    [told] = await bot.ask("/persona pirate", who="tom")
    assert "There is no persona “pirate”." in told.text
    await press(saved, "For everybody", "Everybody can use pirate now.")
    await bot.ask("/persona pirate", who="tom")
    await bot.ask("hello", who="tom")
    assert system(gateway) == "Talk like a pirate."
    [told] = await bot.ask("/persona delete pirate all", who="tom")
    assert told.text == "Only admins can do that."
    [told] = await bot.ask("/persona save translator2", who="tom")
    assert "picks it" in told.text, "the prompt of the chat is kept"
    await bot.ask("/persona delete pirate all")
    [told] = await bot.ask("/persona pirate", who="tom")
    assert "There is no persona “pirate”." in told.text
    [told] = await bot.ask("/persona save a:b")
    assert "/persona a picks it." in told.text
    [told] = await bot.ask("/persona save *: x")
    assert "cannot be a name" in told.text
    for half_said, whole in (("/persona save", "/persona save NAME"), ("/chain save", "/chain save brief: summary")):
        [told] = await bot.ask(half_said)
        assert whole in told.text, "how it is written, not a name that is unknown"


async def test_a_chain_shows_its_steps_above_the_last(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    [told] = await bot.ask(BRIEF)
    assert "1. Summariser" in told.text and "2. Make it short" in told.text and OTHER in told.text
    gateway.answer("It is short.", model=OTHER)
    [answer] = (await bot.ask("/brief A long text."))[-1:]
    assert answer.text == "You said: Find a title for: It is short."
    for shown in ("1. Summariser", "You said: A long text.", "2. Make it short", "It is short."):
        assert shown in answer.aside
    first, second, third = (request.messages for request in gateway.requests)
    assert first[0]["content"].startswith("Summarise what you are sent")
    assert first[1]["content"] == "A long text."
    assert [each["content"] for each in second] == ["Make it short: You said: A long text."]
    assert [each["content"] for each in third] == ["Find a title for: It is short."]
    await bot.ask("And now?")
    said = [message["content"] for message in gateway.requests[-1].messages]
    assert said == ["/brief A long text.", "You said: Find a title for: It is short.", "And now?"]
    [told] = await bot.ask("/usage people")
    assert "turns: 2, tokens: 72" in told.text, "one turn of three requests, and one of one"


async def test_a_finished_step_is_not_asked_again_after_a_crash(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask(BRIEF)
    gateway.answer("never", model=OTHER, first_token=60)
    before = len(bot.bubbles())
    await platform.say("/brief A long text.")
    await until(lambda: len(gateway.requests) == 2, "the second step under way")
    await until(lambda: "You said: A long text." in str([b.aside for b in bot.bubbles()]), "the first step")
    await bot.kill()
    gateway.answer("It is short.", model=OTHER)
    await bot.start()
    done = await until(
        lambda: [b for b in bot.bubbles()[before:] if b.text == "You said: Find a title for: It is short."], "the end"
    )
    assert "You said: A long text." in done[0].aside
    assert len(gateway.requests) == 4, "the first step was asked once, the second twice, the third once"


async def test_a_chain_is_stopped_like_an_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask(BRIEF)
    gateway.answer("never", model=OTHER, first_token=60)
    await platform.say("/brief A long text.")
    await until(lambda: len(gateway.requests) == 2, "the second step under way")
    await platform.say("/stop")
    bubble = await until(lambda: next((b for b in bot.bubbles() if "stopped" in b.text), None), "its end")
    assert "Stop" not in bubble.buttons
    await until(lambda: gateway.disconnects() == 1, "the request given up")
    assert len(gateway.requests) == 2


async def test_chains_are_checked_shared_and_deleted(bot: BridgeProcess, platform: Platform, press: Press) -> None:
    [told] = await bot.ask("/chain")
    assert "There are no chains here yet." in told.text and "{input}" in told.text
    for wrong, why in (
        ("save help: summary", "no command's name"),
        ("save Kürze: summary", "lower-case letters"),
        ("save brief: sumary -> editor", "“sumary” is not a persona"),
        ("save brief: " + " -> ".join(["summary"] * 9), "up to 8 steps"),
        ("nosuch", "There is no chain “nosuch”."),
    ):
        [told] = await bot.ask(f"/chain {wrong}")
        assert why in told.text
    await bot.ask(f"/allow {platform.user('tom')}")
    [saved] = await bot.ask(BRIEF)
    [told] = await bot.ask("/brief text", who="tom")
    assert told.text == "I do not know /brief. See /help."
    await press(saved, "For everybody", "Everybody can use brief now.")
    [answer] = (await bot.ask("/brief text", who="tom"))[-1:]
    assert answer.text.startswith("You said: Find a title for:")
    [told] = await bot.ask("/brief")
    assert told.text == "Send /brief and a text."
    [menu] = await bot.ask("/chain")
    shown = await press(menu, "/brief", "1. Summariser")
    await press(shown, "Delete", "brief is deleted.")
