"""Stories of talk: a question, a long answer, a group and its topic, another model, stop, trouble in the middle."""

from __future__ import annotations

import asyncio

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

SKY = (
    "The sky is blue because air scatters blue light more than red. "
    "Sunlight holds all colours; the short waves are sent in every direction. " * 4
)


async def test_a_question_is_answered_in_one_bubble_that_grows(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(SKY, tokens_per_second=30)
    [bubble] = await bot.ask("Why is the sky blue?")
    assert bubble.text == SKY.strip()
    assert bubble.buttons == ["Regenerate"]
    texts = [text for _, text in bubble.writes]
    assert len(texts) > 2
    assert all(SKY.startswith(text.strip()) for text in texts)
    assert platform.typing() >= 1 or not platform.shows_typing
    assert platform.refusals == 0


async def test_the_next_question_goes_with_what_was_said(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("My name is Mia.")
    await bot.ask("What is my name?")
    assert [(message["role"], message["content"]) for message in gateway.requests[-1].messages] == [
        ("user", "My name is Mia."),
        ("assistant", "You said: My name is Mia."),
        ("user", "What is my name?"),
    ]
    await bot.ask("/new")
    await bot.ask("And now?")
    assert len(gateway.requests[-1].messages) == 1


async def test_a_long_answer_loses_nothing_and_closes_every_fence(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    paragraphs = 45 * max(1, platform.bubble_length // 4096)
    code = "".join(f"def step_{number}(value):\n    return value * {number} + 1\n\n" for number in range(90))
    rows = "".join(f"| {number} | {number**2} | {'word' * (number % 3 + 1)} |\n" for number in range(60))
    prose = "".join(f"Paragraph {n} tells of 数字 and of things that grow. " * 3 + "\n\n" for n in range(paragraphs))
    text = f"{prose}```python\n{code}```\n\nAnd the table:\n\n| n | square | words |\n|---|---|---|\n{rows}\nThe end."
    assert len(text) > 12_000
    gateway.answer(text, tokens_per_second=4000)
    await platform.say("Tell me everything.")
    await until(lambda: bot.bubbles() and bot.bubbles()[-1].text.endswith("The end."), "the end")
    bubbles = await bot.answer()
    assert len(bubbles) > len(text) // platform.bubble_length > 0
    shown = "\n".join(bubble.text for bubble in bubbles)
    blocks = [block for bubble in bubbles for block in bubble.code]
    for number in range(90):
        assert sum(f"def step_{number}(value):" in block for block in blocks) == 1
    for number in range(paragraphs):
        assert shown.count(f"Paragraph {number} tells") == 3
    for number in range(60):
        assert shown.count(f" {number**2} ") >= 1
    assert "```" not in shown
    assert platform.refusals == 0


async def test_a_person_chooses_how_much_of_the_thought_is_shown(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    thought = "Air scatters short waves. " * 3
    gateway.answer(f"<think>{thought}</think>Because of the air.", tokens_per_second=10)
    [bubble] = await bot.ask("Why is the sky blue?")
    assert bubble.text == "Because of the air."
    assert bubble.aside.startswith("💭 Thought for ")
    assert "waves" not in bubble.aside
    await bot.ask("/reasoning full")
    [bubble] = await bot.ask("And why?")
    assert bubble.text == "Because of the air."
    assert bubble.aside.count("scatters short waves") == 3
    await bot.ask("/reasoning off")
    [bubble] = await bot.ask("Once more?")
    assert (bubble.text, bubble.aside) == ("Because of the air.", "")
    said = [message["content"] for message in gateway.requests[-1].messages if message["role"] == "assistant"]
    assert said == ["Because of the air."] * 2


async def test_in_a_group_it_answers_to_its_name_where_it_was_let_in(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await platform.say("hello bot", who="tom", place="topic", mention=True)
    await bot.ask("/allow", place="topic")
    assert gateway.requests == []
    await platform.say("nobody is asked here", who="tom", place="topic")
    before = len(bot.bubbles("topic"))
    asked = await platform.say("What is this?", who="tom", place="topic", mention=True)
    [answer] = await bot.answer(before, place="topic")
    assert answer.reply_to == asked
    assert answer.text == "You said: Tom: What is this?"
    assert len(gateway.requests) == 1
    # A topic has a history of its own, and the group's is another.
    await bot.ask("And this?", who="tom", place="group", mention=True)
    assert len(gateway.requests[-1].messages) == 1


async def test_another_model_by_buttons(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    [menu] = await bot.ask("/model")
    assert "OK Model" in menu.text
    label = next(label for label in menu.buttons if label.startswith("Fake OpenAI"))
    await platform.press(menu.id, label)
    await until(lambda: "› 2/" in " ".join(bot.bubbles()[-1].buttons), "a page of models")
    while "Reason" not in " ".join(bot.bubbles()[-1].buttons):
        shown = bot.bubbles()[-1].buttons
        await platform.press(menu.id, next(label for label in shown if label.startswith("›")))
        await until(lambda shown=shown: bot.bubbles()[-1].buttons != shown, "the next page")  # type: ignore[misc]
    label = next(label for label in bot.bubbles()[-1].buttons if "Reason" in label)
    await platform.press(menu.id, label)
    await until(lambda: bot.bubbles()[-1].text == "Now: Fake OpenAI · Reason", "the choice")
    assert len(bot.bubbles()) == 1, "the menu was not edited in place"
    [answer] = (await bot.ask("hello"))[-1:]
    assert gateway.requests[-1].model == "fake-openai:reason"
    assert answer.text == "你好，world"


async def test_another_model_by_a_part_of_its_name(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    assert (await bot.ask("/model colon"))[-1].text == "Now: Fake OpenAI · Colon model"
    await bot.ask("hello")
    assert gateway.requests[-1].model == "fake-openai:vendor/ok:free"
    several = (await bot.ask("/model err4"))[-1]
    assert "Several models fit" in several.text
    assert len(several.buttons) > 3
    assert "There is no model" in (await bot.ask("/model nosuchthing"))[-1].text
    await bot.stop()
    await bot.start()
    await bot.ask("after a restart")
    assert gateway.requests[-1].model == "fake-openai:vendor/ok:free"


async def test_stop_ends_it_within_a_second_and_keeps_what_was_said(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(SKY * 20, tokens_per_second=20)
    await platform.say("Tell me a long story.")
    await until(lambda: bot.bubbles() and "Stop" in bot.bubbles()[-1].buttons, "a Stop button")
    pressed = asyncio.get_running_loop().time()
    await platform.press(bot.bubbles()[-1].id, "Stop")
    await until(lambda: gateway.disconnects() == 1, "the connection to be closed")
    gone = gateway.requests[-1].gone
    assert gone is not None
    assert gone - pressed < 3.0, "it takes a few milliseconds; a slow machine may take longer"
    [bubble] = await bot.answer()
    said = bubble.text.removesuffix("stopped").strip()
    assert SKY.startswith(said)
    assert bubble.text.endswith("stopped")
    gateway.answer("Part of a story.")
    await bot.ask("What did you say?")
    assert gateway.requests[-1].messages[1]["content"].startswith(said[:20])
    assert (await bot.ask("/stop"))[-1].text == "There is nothing to stop."


async def test_an_answer_cut_off_says_so_and_can_be_asked_for_again(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.behave("ok", Behaviour(text="One two three four five six seven.", end="error"))
    [bubble] = await bot.ask("Count.")
    assert bubble.text.startswith("One two")
    assert bubble.text.endswith("The answer was cut off.")
    gateway.behave("ok", Behaviour(text="One two three."))
    await platform.press(bubble.id, "Regenerate")
    await until(lambda: [answer.text for answer in bot.bubbles()] == ["One two three."], "another answer in its place")
    assert len(gateway.requests[-1].messages) == 1, "the cut answer is not part of the question"
    await bot.ask("Next.")
    assert [message["content"] for message in gateway.requests[-1].messages] == ["Count.", "One two three.", "Next."]


async def test_an_answer_that_ends_for_length_can_go_on(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.behave("ok", Behaviour(text="Once upon a time", end="length"))
    [bubble] = await bot.ask("A story.")
    assert "longer than the model may write" in bubble.text
    gateway.behave("ok", Behaviour(text="there was an end."))
    await platform.press(bubble.id, "Continue")
    await until(lambda: bot.bubbles()[0].text == "Once upon a time there was an end.", "the rest of it")
    assert [message["role"] for message in gateway.requests[-1].messages] == ["user", "assistant", "user"]


async def test_an_empty_answer_says_so(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    gateway.behave("ok", Behaviour(text=""))
    [bubble] = await bot.ask("Anything?")
    assert "The answer was empty." in bubble.text


async def test_reasoning_is_not_the_answer(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    gateway.behave("ok", Behaviour(text="<think>let me see</think>\n\nForty-two."))
    assert [bubble.text for bubble in await bot.ask("Well?")] == ["Forty-two."]


async def test_a_system_prompt_is_the_chats_own(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("/system Answer like a pirate.")
    await bot.ask("hello")
    assert gateway.requests[-1].messages[0] == {"role": "system", "content": "Answer like a pirate."}
    assert "Answer like a pirate." in (await bot.ask("/system"))[-1].text
    await bot.ask("/system off")
    await bot.ask("hello again")
    assert all(message["role"] != "system" for message in gateway.requests[-1].messages)


async def test_a_question_too_long_with_its_history_goes_with_less(
    bot: BridgeProcess, gateway: GatewayEmulator
) -> None:
    for number in range(4):
        await bot.ask(f"Remember number {number}.")
    gateway.behave(
        "ok", Behaviour(text="I remember some.", refusal=(400, "maximum context length is 8192"), refusals=1)
    )
    assert (await bot.ask("What do you remember?"))[-1].text == "I remember some."
    assert [len(request.messages) for request in gateway.requests[-2:]] == [9, 5]
    assert gateway.requests[-1].messages[0]["content"] == "Remember number 2."


async def test_unknown_commands_say_so_and_paths_are_talk(bot: BridgeProcess) -> None:
    assert (await bot.ask("/frobnicate now"))[-1].text == "I do not know /frobnicate. See /help."
    assert (await bot.ask("/usr/bin/env is a path"))[-1].text == "You said: /usr/bin/env is a path"


async def test_help_lists_the_commands_and_to_an_admin_those_of_admins(bot: BridgeProcess) -> None:
    told = (await bot.ask("/help"))[-1].text
    assert "/model" in told
    assert "/allow " in told
    assert "/claim" not in told


async def test_while_it_grows_nobody_sees_half_a_mark(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    piece = "Some **rather bold words** here, `a line of code` there, [a link](https://example.org/a/long/page) last. "
    gateway.answer(piece * 8, tokens_per_second=25)
    [bubble] = await bot.ask("Tell me.")
    shown = [text for _, text in bubble.writes]
    assert len(shown) > 3
    for text in shown:
        assert text.count("**") % 2 == 0, text
        assert text.count("`") % 2 == 0, text
        assert text.count("](") == text.count("example.org/a/long/page)"), text
