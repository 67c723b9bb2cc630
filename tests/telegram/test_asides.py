"""Reasoning and tool steps: folded above the text, and never at its cost."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.channel import Channel
from bridge.types import Body
from channels.telegram.compose import compose
from channels.telegram.markdown import render
from tests.emulators.telegram import Fault, Rules, TelegramPlatform
from tests.emulators.telegram.envelope import Arguments
from tests.emulators.telegram.text import Formatted, composed


def shown(body: Body) -> Formatted:
    """What Telegram makes of `body`; it refuses what does not fit."""
    content = compose(body)
    args = Arguments({"text": content.text, "entities": json.dumps(content.entities)})
    return composed(args, Rules(), edit=False)


async def test_an_aside_is_folded_above_the_text(platform: TelegramPlatform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body(aside="Let me **see**."), key="a", final=False)
    (bubble,) = platform.bubbles()
    assert (bubble.aside, bubble.text) == ("Let me see.", "")
    await posted.edit(Body("It is `4`.", aside="Let me **see**: 2 + 2, @mia.\n\n> quoted"), final=False)
    (bubble,) = platform.bubbles()
    assert (bubble.aside, bubble.text) == ("Let me see: 2 + 2, @\u2060mia.\n\nquoted", "It is 4.")
    await posted.edit(Body("It is `4`."), final=True)
    (bubble,) = platform.bubbles()
    assert (bubble.aside, bubble.text) == ("", "It is 4.")


async def test_a_new_aside_over_the_same_text_is_shown(platform: TelegramPlatform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("yes", aside="one"), key="a", final=False)
    await posted.edit(Body("yes", aside="two"), final=True)
    assert platform.bubbles()[0].aside == "two"


async def test_entities_that_are_refused_cost_the_aside_only(platform: TelegramPlatform, channel: Channel) -> None:
    platform.server.faults.plan(Fault.error(400, "Bad Request: ENTITIES_TOO_LONG"))
    await channel.post(platform.chat(), Body("**yes**", aside="why"), key="a", final=True)
    (bubble,) = platform.bubbles()
    assert (bubble.aside, bubble.text) == ("", "**yes**")


def test_the_aside_gets_what_the_text_leaves() -> None:
    content = compose(Body("x" * 4000, aside="🍒" * 5000))
    assert len(content.text) == 4096
    assert content.text == "🍒" * 94 + "…\n" + "x" * 4000
    assert compose(Body("x" * 4000, aside="why")).text == "why\n" + "x" * 4000
    assert compose(Body("x" * 4090, aside="why not? " * 9)).text == "x" * 4090, "too little is left"
    assert compose(Body(aside="🍒" * 5000)).text == "🍒" * 4094 + "…"


def test_the_text_keeps_its_entities() -> None:
    body = Body("**a** " * 70, aside="*b* " * 70 + "\n\n> c")
    kinds = [entity.type for entity in shown(body).entities]
    assert len(kinds) == 100
    assert (kinds.count("bold"), kinds.count("expandable_blockquote"), kinds.count("blockquote")) == (70, 1, 0)
    quotes = [entity["type"] for entity in compose(Body("> a", aside="> b\n\n**c**")).entities]
    assert quotes == ["expandable_blockquote", "bold", "blockquote"], "quotes cannot be nested"
    links = "[a](https://example.org/" + "x" * 150 + ") "
    assert [entity.type for entity in shown(Body(links * 20, aside=links * 60)).entities].count("text_link") > 20


PIECES = st.sampled_from(
    [
        "word ",
        "🍒",
        "\n",
        "\n\n",
        "**bold** ",
        "`code` ",
        "> quote\n",
        "- item\n",
        "\t",
        "@mia ",
        "| a | b |\n|---|---|\n",
        "```py\nprint(1)\n```\n",
        "[link](https://example.org) ",
        "x" * 500,
        "\u2028",
        "# head\n",
        "~~gone~~ ",
        "***",
    ]
)
MARKDOWN = st.lists(PIECES, max_size=30).map("".join)


@settings(max_examples=200, deadline=None)
@given(text=MARKDOWN, aside=MARKDOWN)
def test_no_aside_squeezes_or_spoils_a_text(text: str, aside: str) -> None:
    alone = render(text)
    if not text.strip() or len(alone.text) > 4096:
        return
    whole, bare = shown(Body(text, aside=aside)), shown(Body(text))
    assert whole.text.endswith(bare.text)
    kept = [(entity.type, entity.offset) for entity in whole.entities]
    moved = len(whole.text.encode("utf-16-le")) // 2 - len(bare.text.encode("utf-16-le")) // 2
    if len(bare.entities) < 99:
        assert all((entity.type, entity.offset + moved) in kept for entity in bare.entities)
