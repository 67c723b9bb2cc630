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
from bridge.access.requests import MOST_OF_ACCOUNT, MOST_TOLD
from bridge.access.rules import Rule
from bridge.commands import subjects as whom
from bridge.intake.receive import ASIDES, PERSON_BURST
from bridge.reply.account import Account
from bridge.store.keys import AccessKeys
from bridge.types import COMMAND_BYTES, Chat, IncomingMessage, User
from tests.access.desk import HOME, OWNER, Office, direct, group, person, until_true

STRANGERS, MESSAGES = 10_000, 100_000
CLUB = group("club")


@pytest.mark.timeout(300)
async def test_a_flood_of_strangers_leaves_everybody_else_alone(office: Office) -> None:
    """A hundred thousand messages of ten thousand strangers, and meanwhile a chat that is let in."""
    await office.say("I am here.")
    await office.access.allow(CLUB, SHELL)
    friends = [person(f"friend{number}") for number in range(20)]
    calm = [await first_text(office, friend, f"calm {at}") for at, friend in enumerate(friends)]
    redis = office.bridge.store.redis
    account, intake = Account(office.desk), office.bridge._intake
    strangers = [person(f"s{number}", "S" * 100) for number in range(STRANGERS)]
    before, looks = set(await redis.keys()), await looked(redis)
    pressed: list[float] = []

    async def listen(messages: range) -> None:
        """As the bridge does for an account: one message after another."""
        for number in messages:
            stranger = strangers[number % STRANGERS]
            chat = direct(stranger) if number % 3 else group(f"g{number % 1000}")
            await intake.receive(IncomingMessage(f"f{number}", chat, stranger, "let me in"), account)
            if number % 100 == 99:
                await asyncio.sleep(0.005)  # a platform's next batch; none is quicker

    async def meanwhile() -> None:
        for at, friend in enumerate(friends):
            pressed.append(await first_text(office, friend, f"flooded {at}"))

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
    await office.quiet()
    grown = {str(key) for key in set(await redis.keys()) - before}
    named = {AccessKeys.told, AccessKeys.requests, AccessKeys.owner_contacts}
    assert not [key for key in grown - named if not any(part in key for part in ("club", "boss", "ready"))], grown
    assert await redis.zcard(AccessKeys.told) <= MOST_TOLD
    assert await redis.hlen(AccessKeys.requests) == MOST_OF_ACCOUNT
    asked = [sheet for sheet in office.lying_in(HOME) if sheet.buttons]
    assert len(asked) == MOST_OF_ACCOUNT
    questions = [request.question for request in office.gateway.requests]
    assert not [question for question in questions if "let me in" in question]
    told = len(office.desk.sheets) - len(friends) * 2 - len(asked) - 1
    assert told <= ASIDES + 2 * seconds, "a platform's own limits are not spent on strangers"


async def looked(redis: Redis) -> int:
    """How often the rules were looked at."""
    return int((await redis.info("commandstats")).get("cmdstat_hmget", {}).get("calls", 0))


async def first_text(office: Office, friend: User, text: str) -> float:
    """Seconds from saying it to the first word of the answer."""
    began, before = time.monotonic(), len(office.lying_in(CLUB))
    await office.bridge._intake.receive(office.message(text, friend, CLUB), Account(office.desk))
    await until_true(lambda: len(office.lying_in(CLUB)) > before)
    return time.monotonic() - began


async def test_who_writes_too_fast_is_told_once(office: Office) -> None:
    anna = person("anna")
    await office.access.allow(anna, SHELL)
    messages = [office.message(f"n{number}", anna, direct(anna)) for number in range(PERSON_BURST * 3)]
    office.put(*messages)
    await office.quiet()
    told = [sheet.text for sheet in office.lying_in(direct(anna)) if "too much at once" in sheet.text]
    assert len(told) == 1
    answered = [message for message in messages if office.answer(message)]
    assert PERSON_BURST <= len(answered) < PERSON_BURST * 2
    assert await office.say("hello") == "You said: hello", "others go on"


def test_a_floor_is_a_bucket_that_fills_again_and_forgets_the_longest_unseen() -> None:
    now = 0.0
    floor = RateLimiter(3, 10.0, most=100, clock=lambda: now)
    assert [floor.hit("a") for _ in range(5)] == [0, 0, 0, 1, 2]
    now = 10.0
    assert [floor.hit("a") for _ in range(2)] == [0, 1]
    now = 1000.0
    assert [floor.hit("a") for _ in range(4)] == [0, 0, 0, 1]
    assert floor.is_limited("a")
    assert not floor.is_limited("b")
    for name in range(1000):
        floor.hit(name)
    assert len(floor) == 100


# hostile ids, names and payloads

NAMES = st.one_of(
    st.text(max_size=50),
    st.sampled_from(
        ["李小龍", "\u202eevil\u202c", "a\u200bb", "x" * 65536, "*_`[]()~", "\x00", "\ud800", "👩‍👩‍👧‍👧" * 100]
    ),
)
IDS = st.one_of(
    st.text(min_size=1, max_size=30), st.sampled_from(["boss", "boss ", "Boss", "paper:boss", "x" * 65536, "*"])
)
PAYLOADS = st.one_of(
    st.text(max_size=100),
    st.builds(
        "/{} {}".format, st.sampled_from(["allow", "admin", "chat", "requests", "claim", "start", "invite"]), NAMES
    ),
    st.sampled_from(
        ["/requests ffffffffff allow", "/admin add paper:evil", "/allow group *", "/chat all models reset"]
    ),
)


@pytest.fixture
def account(office: Office) -> Account:
    return Account(office.desk)


async def test_no_id_name_or_payload_gets_anybody_in(office: Office, account: Account) -> None:
    """Judged, received and answered like everybody else; the rules stand afterwards as they stood before."""
    await office.access.allow(CLUB, SHELL)
    before = await office.bridge.store.redis.hgetall(AccessKeys.rules)
    loop = asyncio.get_running_loop()

    async def attempt(id: str, name: str, text: str, chat_id: str, groups: list[str], pressed: bool) -> None:
        sender = User("paper", id, name)
        chat = Chat("paper", chat_id, direct=chat_id == id, title=name)
        message = office.message(text, sender, chat, groups=tuple(groups), menu="1" if pressed else "")
        standing = await office.access.judge(message)
        known = sender == OWNER and (chat.direct or chat_id != id)
        expected = Role.OWNER if known else Role.MEMBER if chat_id == CLUB.id else Role.STRANGER
        assert standing.role is expected
        if not known:
            await office.bridge._intake.receive(message, account)

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(IDS, NAMES, PAYLOADS, IDS | st.just("club"), st.lists(IDS, max_size=200), st.booleans())
    def attempts(id: str, name: str, text: str, chat_id: str, groups: list[str], pressed: bool) -> None:
        future = asyncio.run_coroutine_threadsafe(attempt(id, name, text, chat_id, groups, pressed), loop)
        future.result(60)

    await asyncio.to_thread(attempts)
    await office.quiet()
    assert await office.bridge.store.redis.hgetall(AccessKeys.rules) == before


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_what_names_nobody_names_nobody(text: str) -> None:
    rest, seconds = whom.split_duration(text)
    assert 0 <= seconds <= whom.LONGEST
    subject = whom.named(rest, "paper")
    if subject is not None:
        assert subject.id
        assert not any(letter.isspace() for letter in subject.id)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_a_damaged_rule_lets_nobody_in(row: str) -> None:
    assert Rule.from_row(row).verdict == "deny"


async def test_a_denial_beats_every_admission(office: Office) -> None:
    anna, role = person("anna"), Group("paper", "friends")
    here = office.message("x", anna, CLUB, groups=("friends",))
    for subject in (CLUB, role, anna):
        await office.access.allow(subject, SHELL)
    for denied in (anna, CLUB, role):
        assert (await office.access.judge(here)).role is Role.MEMBER
        await office.access.deny(denied, SHELL)
        assert (await office.access.judge(here)).role is Role.DENIED
        await office.access.allow(denied, SHELL)
    assert not [each for each in (await office.access.rules()) if each[1].verdict == "deny"]


def test_every_button_fits() -> None:
    assert len(f"/requests {'f' * 10} allow".encode()) <= COMMAND_BYTES
