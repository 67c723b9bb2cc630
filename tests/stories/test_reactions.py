"""Stories of a thumb down on an answer: the one who asked is offered another one, and nobody else is heard."""

from __future__ import annotations

from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.platform import Bubble, Platform

OFFER = "You did not like the last answer. Another one?"


def offers(bot: BridgeProcess, place: str = "direct") -> list[Bubble]:
    return [bubble for bubble in bot.bubbles(place) if bubble.text == OFFER]


async def test_a_thumb_down_offers_another_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("One.")
    [old] = await bot.ask("Count.")
    gateway.answer("Two.")
    answer = (await bot.ask("Count on."))[-1]
    await platform.react(old.id)  # not the last one
    await platform.react(answer.id, down=False)
    await bot.ask("/whoami")
    assert not offers(bot)
    await platform.react(answer.id)
    [offer] = await until(lambda: offers(bot), "the offer")
    assert offer.buttons == ["Regenerate", "Other model"]
    gateway.answer("Three.")
    await platform.press(offer.id, "Regenerate")
    await until(lambda: any((b.id, b.text) == (answer.id, "Three.") for b in bot.bubbles()), "the answer in its place")


async def test_nobody_elses_thumb_does_anything(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    if isinstance(platform, TelegramPlatform):
        platform.crowd.stand(platform.group, platform.person(), "administrator")
    await bot.ask("/allow", place="group", mention=True)
    gateway.answer("One.")
    answer = (await bot.ask("Count.", place="group", mention=True, who="tom"))[-1]
    await bot.ask(f"/deny {platform.user('eve')}")
    for who in ("ben", "eve"):
        await platform.react(answer.id, who=who, place="group")
    await bot.ask("/whoami", place="group", mention=True)
    assert not offers(bot, "group")
    await platform.react(answer.id, who="tom", place="group")
    await until(lambda: len(offers(bot, "group")) == 1, "the offer to the one who asked")
    await platform.react(answer.id, place="group")
    await until(lambda: len(offers(bot, "group")) == 2, "the offer to an owner")
    assert len(gateway.requests) == 1
