"""The page on Redis names every key that `bridge.store.keys` can make, and no other, with the bounds of the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from bridge.access import audit, invites, owner_contacts, quota, requests, rules, web
from bridge.inbox import MAX_RESULT_BYTES, MAX_STEPS, aside, claim, inbox, move, queue
from bridge.store import (
    activity,
    answers,
    channel_states,
    conversations,
    health,
    heartbeat,
    history,
    keys,
    leases,
    media,
    outage,
    preferences,
    prompts,
    search,
    signals,
)
from bridge.types import Chat
from bridge.usage import DETAIL_DAYS, MONTHS, TOTAL_DAYS, ledger
from tests.operations.pages import unfenced
from tests.tunnel.note import ROOT

PAGE = unfenced(ROOT / "docs" / "data.md")
DAY = 86400
NAMES = {"account": "ACCOUNT", "lane": "LANE", "model": "MODEL", "name": "NAME", "channel": "CHANNEL", "day": "DAY"}
NAMES |= {"gateway": "GATEWAY"}
NAMES |= {"month": "MONTH", "year": "YEAR", "person": "PERSON", "chat": "CHAT", "id": "ID"}
NAMES |= {"kept": "cherry:{CHAT}:kept", "number": "NUMBER"}
"""What a parameter is called in the page; a new one has to be named here and there."""
NO_KEY = {"turn", "queues", "head_of", "media_index_of", "chat_of"}
"""Functions of the module that make a turn key, a pattern, and the name of a key from that of another."""


def made() -> Iterator[str]:
    """The name of every key, with the page's names in place of ids."""
    chat = Chat("", "CHAT")
    for kind in (keys.ChatKeys(chat), keys.LaneKeys(chat, "LANE")):  # type: ignore[arg-type] # it stands for any lane
        for slot in type(kind).__slots__:
            yield getattr(kind, slot).replace("{:CHAT}", "{CHAT}")
    for owner in (keys, keys.AccessKeys, keys.PromptKeys, keys.UsageKeys):
        for name, value in inspect.getmembers(owner):
            if name.startswith("_") or name in NO_KEY:
                continue
            if inspect.ismethod(value) or (inspect.isfunction(value) and value.__module__ == keys.__name__):
                yield value(*(NAMES[parameter] for parameter in inspect.signature(value).parameters))
            elif isinstance(value, str) and value.startswith(keys.PREFIX) and value != keys.PREFIX and "*" not in value:
                yield value


def row_of(key: str) -> str:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{key}` |")]
    return row


def test_every_key_has_one_line_and_every_line_a_key() -> None:
    described = re.findall(r"(?m)^\| `(cherry:[^`]+)`", PAGE)
    assert sorted(described) == sorted(made())


def of(seconds: float, unit: int, name: str) -> str:
    assert seconds % unit == 0
    amount = int(seconds // unit)
    return f"{amount:,} {name}" + ("s" if amount > 1 else "")


BOUNDS = {
    "cherry:{CHAT}:LANE:queue": [
        str(queue.MAX_WAITING),
        of(queue.QUEUE_SECONDS, DAY, "day"),
        str(keys.KEY_LENGTH),
    ],
    "cherry:{CHAT}:LANE:head": [of(claim.HEAD_SECONDS, DAY, "day")],
    "cherry:{CHAT}:LANE:claim": [of(inbox.CLAIM_SECONDS, 1, "second")],
    "cherry:{CHAT}:seen": [f"{queue.MAX_SEEN:,}", of(queue.SEEN_SECONDS, DAY, "day")],
    "cherry:{CHAT}:history": [
        str(history.MAX_EXCHANGES),
        f"{history.MAX_CHARACTERS:,}",
        of(history.HISTORY_SECONDS, DAY, "day"),
    ],
    "cherry:{CHAT}:answer": [
        str(answers.MAX_VERSIONS),
        f"{answers.MAX_ANSWER_CHARACTERS:,}",
        of(answers.ANSWER_SECONDS, DAY, "day"),
    ],
    "cherry:{CHAT}:kept": [str(conversations.MAX_CONVERSATIONS), f"{conversations.MAX_KEPT_BYTES:,}"],
    "cherry:{CHAT}:about": [
        str(conversations.MAX_TITLE_LENGTH),
        f"{conversations.MAX_KEPT_LAST_BYTES:,}",
        f"{search.MAX_SIGNATURE_BYTES:,}",
    ],
    "cherry:{CHAT}:epoch": [of(history.EPOCH_SECONDS, DAY, "day")],
    "cherry:{CHAT}:aside": [str(aside.MAX_ASIDE), of(aside.ASIDE_SECONDS, DAY, "day")],
    "cherry:{CHAT}:choices": [
        str(preferences.MAX_RECENTS),
        f"{preferences.MAX_SYSTEM_CHARACTERS:,}",
        of(preferences.PREFERENCES_SECONDS, DAY, "day"),
    ],
    "cherry:{CHAT}:menu": [str(preferences.MAX_MENU_COMMANDS), of(preferences.MENU_SECONDS, 60, "minute")],
    "cherry:{CHAT}:last": [f"{preferences.MAX_LAST_CHARACTERS:,}", of(preferences.LAST_SECONDS, DAY, "day")],
    "cherry:{CHAT}:media": [f"{media.MAX_ENTRIES:,}"],
    "cherry:{CHAT}:moved": [of(move.MOVED_SECONDS, DAY, "day")],
    "cherry:stops": [f"{signals.KEPT:,}"],
    "cherry:health": [of(health.HEALTH_TTL_SECONDS, DAY, "day")],
    "cherry:absence:GATEWAY": [of(outage.OUTAGE_TTL_SECONDS, DAY, "day")],
    "cherry:activity": [str(activity.KEPT), of(activity.ACTIVITY_SECONDS, DAY, "day")],
    "cherry:channels": [of(channel_states.STATE_SECONDS, 1, "second")],
    "cherry:processes": [of(heartbeat.PROCESS_TTL_SECONDS, 1, "second")],
    "cherry:lease:NAME": [of(leases.TTL_SECONDS, 1, "second")],
    "cherry:ratio:MODEL": [of(preferences.RATIO_SECONDS, DAY, "day")],
    "cherry:{access}:rules": [f"{rules.MAX_RULES:,}"],
    "cherry:{access}:trail": [f"{audit.MAX_CHANGES:,}"],
    "cherry:{access}:claim": [of(invites.CLAIM_SECONDS, DAY, "day")],
    "cherry:{access}:invites": [str(invites.MAX_INVITES)],
    "cherry:{access}:told": [f"{requests.MAX_TOLD:,}", of(requests.TELL_AGAIN_SECONDS, DAY, "day")],
    "cherry:{access}:requests": [
        str(requests.MAX_OPEN),
        str(requests.MAX_OPEN_PER_ACCOUNT),
        of(requests.LIFE_SECONDS, 3600, "hour"),
    ],
    "cherry:{access}:homes": [str(owner_contacts.MAX_CONTACTS)],
    "cherry:{access}:web": [of(web.ADDRESS_SECONDS, 1, "second")],
    "cherry:{access}:web:links": [str(web.MAX_LINKS), of(web.LINK_SECONDS, 60, "minute")],
    "cherry:{access}:web:sessions": [str(web.MAX_SESSIONS), of(web.SESSION_SECONDS, 3600, "hour")],
    "cherry:{access}:spent:DAY": [of(2 * quota.DAY_SECONDS, DAY, "day")],
    "cherry:{prompts}:of:PERSON": [str(prompts.MAX_OWN), of(prompts.PROMPTS_SECONDS, DAY, "day")],
    "cherry:{prompts}:in:CHAT": [str(prompts.MAX_OWN), of(prompts.PROMPTS_SECONDS, DAY, "day")],
    "cherry:{prompts}:all": [str(prompts.MAX_ALL)],
    "cherry:{usage}:day:DAY": [f"{ledger.MAX_DAY_ROWS:,}", f"{DETAIL_DAYS} days"],
    "cherry:{usage}:month:MONTH": [f"{ledger.MAX_MONTH_ROWS:,}", f"{MONTHS * 31} days"],
    "cherry:{usage}:year:YEAR": [f"{ledger.MAX_YEAR_ROWS:,}", f"{TOTAL_DAYS} days"],
    "cherry:{usage}:of:PERSON": [str(ledger.MAX_PERSON_ROWS), f"{DETAIL_DAYS} days"],
    "cherry:{usage}:errors": [f"{ledger.MAX_ERROR_ROWS:,}"],
    "cherry:{usage}:names": [f"{ledger.MAX_NAMES:,}", f"{TOTAL_DAYS} days"],
    "cherry:{usage}:counted": [f"{ledger.MAX_COUNTED:,}", of(ledger.COUNTED_SECONDS, 3600, "hour")],
    "step:N`, `result:N": [str(MAX_STEPS), f"{MAX_RESULT_BYTES:,}"],
    "leaves": [str(claim.MAX_LEAVES)],
}


@pytest.mark.parametrize("key", BOUNDS)
def test_a_bound_is_that_of_the_code(key: str) -> None:
    for bound in BOUNDS[key]:
        assert re.search(rf"(?<![\d,]){re.escape(bound)}\b(?!,\d)", row_of(key).partition("|")[2]), bound


def test_every_field_of_a_record_that_the_code_writes_is_named() -> None:
    written = set()
    for path in (ROOT / "bridge" / "inbox").glob("*.py"):
        for values in re.findall(r"'(?:HSET|HINCRBY)', (?:KEYS\[\d\]|head), ([^\n]*)", path.read_text()):
            written |= set(re.findall(r"'([a-z]+)'", values))
    assert {"key", "by", "attempt", "failures", "epoch", "suspended", "done", "left", "late", "woken"} <= written
    for field in written:
        assert f"| `{field}` |" in PAGE, field


def test_the_modules_that_are_named_exist() -> None:
    for name in set(re.findall(r"`((?:inbox|store|access|usage)/\w+\.py)`", PAGE)):
        assert (ROOT / "bridge" / name).is_file(), name
