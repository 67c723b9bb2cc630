"""A flood of strangers, somebody who writes too fast, and ids that no platform gives: nothing grows, nobody gets in."""

from __future__ import annotations

import asyncio
import time
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bridge.access import SHELL, Group, Role
from bridge.access.rate_limit import RateLimiter
from bridge.access.requests import MAX_OPEN_PER_ACCOUNT, MAX_TOLD
from bridge.access.rules import Rule
from bridge.channel import Limits
from bridge.commands import subjects as whom
from bridge.errors import StoreError
from bridge.inbound import Pressed, Said
from bridge.intake.aside import MAX_ASIDES
from bridge.intake.receive import PERSON_BURST
from bridge.reply import Account
from bridge.store.keys import AccessKeys
from bridge.types import Chat, User
from tests.harness import HOME, OWNER, BridgeInProcess, direct, group, person, until_true

STRANGERS, MESSAGES = 10_000, 100_000
CLUB = group("club")

OF_FRIENDS = ("club", "boss", "ready", "{usage}:of:fake%3Afriend")
"""Parts of the keys that those grow who are let in."""


@pytest.mark.timeout(300)
async def test_a_flood_of_strangers_leaves_everybody_else_alone(bridge: BridgeInProcess) -> None:
    """A hundred thousand messages of ten thousand strangers, and meanwhile a chat that is let in."""
    await bridge.say("I am here.")
    await bridge.access.rules.allow(CLUB, SHELL)
    friends = [person(f"friend{number}") for number in range(20)]
    calm = [await first_text(bridge, friend, f"calm {at}") for at, friend in enumerate(friends)]
    redis = bridge.app.store.redis
    account, intake = Account(bridge.channel), bridge.app._intake
    strangers = [person(f"s{number}", "S" * 100) for number in range(STRANGERS)]
    before, looks = set(await redis.keys()), await looked(redis)
    pressed: list[float] = []

    async def listen(messages: range) -> None:
        """As the bridge does for an account: one message after another."""
        for number in messages:
            stranger = strangers[number % STRANGERS]
            chat = direct(stranger) if number % 3 else group(f"g{number % 1000}")
            await intake.receive([Said(f"f{number}", chat, stranger, "let me in")], account)
            if number % 100 == 99:
                await asyncio.sleep(0.005)  # a platform's next batch; none is quicker

    async def meanwhile() -> None:
        for at, friend in enumerate(friends):
            pressed.append(await first_text(bridge, friend, f"flooded {at}"))

    began = time.monotonic()
    flood = asyncio.create_task(listen(range(MESSAGES)))
    await asyncio.sleep(0.5)
    await meanwhile()
    assert not flood.done(), "that was no flood"
    await flood
    seconds = time.monotonic() - began
    print(f"{MESSAGES / seconds:.0f} messages a second; calm {median(calm):.4f}, flooded {median(pressed):.4f}")
    assert await looked(redis) - looks < MESSAGES / 2, "each stranger is looked at now and then, not at every message"
    assert median(pressed) < 2 * median(calm) + 0.1
    await bridge.quiet()
    grown = {str(key) for key in set(await redis.keys()) - before}
    named = {AccessKeys.told, AccessKeys.requests, AccessKeys.owner_contacts}
    assert not [key for key in grown - named if not any(part in key for part in OF_FRIENDS)], grown
    assert await redis.zcard(AccessKeys.told) <= MAX_TOLD
    assert await redis.hlen(AccessKeys.requests) == MAX_OPEN_PER_ACCOUNT
    asked = [message for message in bridge.shown_in(HOME) if "would like to talk" in message.text]
    assert len(asked) == MAX_OPEN_PER_ACCOUNT
    questions = [request.question for request in bridge.gateway.requests]
    assert not [question for question in questions if "let me in" in question]
    told = len(bridge.channel.messages) - len(friends) * 2 - len(asked) - 1
    assert told <= MAX_ASIDES + 2 * seconds, "a platform's own limits are not spent on strangers"


async def looked(redis: Redis) -> int:
    """How often the rules were looked at."""
    return int((await redis.info("commandstats")).get("cmdstat_hmget", {}).get("calls", 0))


async def first_text(bridge: BridgeInProcess, friend: User, text: str) -> float:
    """Seconds from saying it to the first word of the answer."""
    began, before = time.monotonic(), len(bridge.shown_in(CLUB))
    await bridge.app._intake.receive([bridge.message(text, friend, CLUB)], Account(bridge.channel))
    await until_true(lambda: len(bridge.shown_in(CLUB)) > before)
    return time.monotonic() - began


async def test_who_writes_too_fast_is_told_once(bridge: BridgeInProcess) -> None:
    anna = person("anna")
    await bridge.access.rules.allow(anna, SHELL)
    messages = [bridge.message(f"n{number}", anna, direct(anna)) for number in range(PERSON_BURST * 3)]
    bridge.put(*messages)
    await bridge.quiet()
    told = [message.text for message in bridge.shown_in(direct(anna)) if "too much at once" in message.text]
    assert len(told) == 1
    answers = [bridge.answer(message).split("\n\n") for message in messages if bridge.answer(message)]
    assert PERSON_BURST <= sum(map(len, answers)) < PERSON_BURST * 2
    assert await bridge.say("hello") == "You said: hello", "others go on"


async def test_what_is_delivered_again_counts_once(bridge: BridgeInProcess) -> None:
    """While the store is away each batch comes again and again; then it is answered, and not too much."""
    await bridge.say("I am here.")
    messages, account = [bridge.message(f"n{number}") for number in range(5)], Account(bridge.channel)
    redis = bridge.app.store.redis
    await redis.config_set("min-replicas-to-write", 1)  # it refuses to write
    try:
        for _ in range(PERSON_BURST):
            with pytest.raises(StoreError):
                await bridge.app._intake.receive(messages, account)
    finally:
        await redis.config_set("min-replicas-to-write", 0)
    bridge.put(*messages)
    await bridge.quiet()
    texts = [message.text for message in bridge.shown_in(HOME)]
    assert not any("too much at once" in text for text in texts)
    assert "n4" in texts[-1]


def test_a_limiter_fills_again_and_forgets_the_longest_unseen() -> None:
    now = 0.0
    limiter = RateLimiter(3, 10.0, most=100, clock=lambda: now)
    assert [limiter.hit("a") for _ in range(5)] == [0, 0, 0, 1, 2]
    now = 10.0
    assert [limiter.hit("a") for _ in range(2)] == [0, 1]
    now = 1000.0
    assert [limiter.hit("a") for _ in range(4)] == [0, 0, 0, 1]
    assert limiter.is_limited("a")
    assert not limiter.is_limited("b")
    for name in range(1000):
        limiter.hit(name)
    assert len(limiter) == 100


# hostile ids, names and payloads

NAMES = st.one_of(
    st.text(max_size=50),
    st.sampled_from(
        ["李小龍", "\u202eevil\u202c", "a\u200bb", "x" * 65536, "*_`[]()~", "\x00", "\ud800", "👩‍👩‍👧‍👧" * 100]
    ),
)
IDS = st.one_of(
    st.text(min_size=1, max_size=30), st.sampled_from(["boss", "boss ", "Boss", "fake:boss", "x" * 65536, "*"])
)
PAYLOADS = st.one_of(
    st.text(max_size=100),
    st.builds(
        "/{} {}".format, st.sampled_from(["allow", "admin", "chat", "requests", "claim", "start", "invite"]), NAMES
    ),
    st.sampled_from(["/requests ffffffffff allow", "/admin add fake:evil", "/allow group *", "/chat all models reset"]),
)


@pytest.fixture
def account(bridge: BridgeInProcess) -> Account:
    return Account(bridge.channel)


async def test_no_id_name_or_payload_gets_anybody_in(bridge: BridgeInProcess, account: Account) -> None:
    """Judged, received and answered like everybody else; the rules stand afterwards as they stood before."""
    await bridge.access.rules.allow(CLUB, SHELL)
    before = await bridge.app.store.redis.hgetall(AccessKeys.rules)
    loop = asyncio.get_running_loop()

    async def attempt(id: str, name: str, text: str, chat_id: str, groups: list[str], pressed: bool) -> None:
        sender = User("fake", id, name)
        chat = Chat("fake", chat_id, direct=chat_id == id, title=name)
        message: Said | Pressed = bridge.message(text, sender, chat, groups=tuple(groups))
        if pressed:
            message = Pressed(message.id, chat, sender, text, "1", groups=tuple(groups))
        standing = await bridge.access.judge(message.sender, message.chat, getattr(message, "groups", ()))
        known = sender == OWNER and (chat.direct or chat_id != id)
        expected = Role.OWNER if known else Role.MEMBER if chat_id == CLUB.id else Role.STRANGER
        assert standing.role is expected
        if not known:
            await bridge.app._intake.receive([message], account)

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(IDS, NAMES, PAYLOADS, IDS | st.just("club"), st.lists(IDS, max_size=200), st.booleans())
    def attempts(id: str, name: str, text: str, chat_id: str, groups: list[str], pressed: bool) -> None:
        future = asyncio.run_coroutine_threadsafe(attempt(id, name, text, chat_id, groups, pressed), loop)
        future.result(60)

    await asyncio.to_thread(attempts)
    await bridge.quiet()
    assert await bridge.app.store.redis.hgetall(AccessKeys.rules) == before


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_what_names_nobody_names_nobody(text: str) -> None:
    rest, seconds = whom.split_duration(text)
    assert 0 <= seconds <= whom.MAX_DURATION_SECONDS
    subject = whom.named(rest, "fake")
    if subject is not None:
        assert subject.id
        assert not any(letter.isspace() for letter in subject.id)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_a_damaged_rule_lets_nobody_in(row: str) -> None:
    assert Rule.from_row(row).verdict == "deny"


async def test_a_denial_beats_every_admission(bridge: BridgeInProcess) -> None:
    anna, role = person("anna"), Group("fake", "friends")
    here = bridge.message("x", anna, CLUB, groups=("friends",))
    for subject in (CLUB, role, anna):
        await bridge.access.rules.allow(subject, SHELL)
    for denied in (anna, CLUB, role):
        assert (await bridge.access.judge(here.sender, here.chat, getattr(here, "groups", ()))).role is Role.MEMBER
        await bridge.access.rules.deny(denied, SHELL)
        assert (await bridge.access.judge(here.sender, here.chat, getattr(here, "groups", ()))).role is Role.DENIED
        await bridge.access.rules.allow(denied, SHELL)
    assert not (await bridge.access.directory()).denied()


def test_every_button_fits() -> None:
    assert len(f"/requests {'f' * 10} allow".encode()) <= Limits(1, 1).max_command_bytes
