"""`cherry-bridge usage`, for people, for programs, for sheets."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable

import pytest

from bridge.cli import main
from bridge.cli.arguments import MAX_USAGE_DAYS
from bridge.store import Store
from bridge.types import Chat, User
from bridge.usage import DETAIL_DAYS, Ledger, Spent, Tally, today

Shell = Callable[..., Awaitable[str]]


@pytest.fixture
def shell(redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("BRIDGE_REDIS_URL", redis_url)
    monkeypatch.setenv("BRIDGE_GATEWAY_URL", "http://127.0.0.1:9")  # nobody is there
    monkeypatch.setenv("BRIDGE_PRICES", "openai:*=2/10")
    monkeypatch.setenv("LANG", "C")

    async def run(*arguments: str) -> str:
        assert await asyncio.to_thread(main, ["usage", *arguments]) == 0
        return capsys.readouterr().out

    return run


async def test_rows_for_programs_and_sheets(shell: Shell, store: Store) -> None:
    assert await shell() == "Nothing has been used this month.\n"
    mia, group = User("telegram", "7", "=cmd()"), Chat("telegram", "-1001", title="Cooks")
    spent = [
        Spent(mia, group, "openai:gpt-5", Tally(1, 500_000, 100_000)),
        Spent(mia, group, "x:y", Tally(1, 5, 5), "AnswerCut"),
    ]
    await Ledger(store.redis).count("t1", spent)
    report = json.loads(await shell("--json"))
    assert report["errors_last_day"] == {"AnswerCut": 1}
    [priced, other] = report["rows"]
    assert priced == {
        "day": today(),
        "person": "telegram:7",
        "person_name": "=cmd()",
        "chat": "telegram:-1001",
        "chat_title": "Cooks",
        "model": "openai:gpt-5",
        "turns": 1,
        "prompt_tokens": 500_000,
        "completion_tokens": 100_000,
        "cost": 2.0,
        "currency": "$",
    }
    assert other["cost"] is None
    rows = list(csv.DictReader(io.StringIO(await shell("--csv"))))
    assert [row["model"] for row in rows] == ["openai:gpt-5", "x:y"]
    assert rows[0]["person_name"] == "'=cmd()", "no formula in a sheet"
    printed = await shell("--days", "1")
    assert "telegram:-1001 (Cooks)  openai:gpt-5  turns: 1, tokens: 600,000, $2.00\n" in printed
    assert "turns: 2, tokens: 600,010, $2.00 where prices are known\n" in printed
    assert printed.endswith("the answer was cut off: 1\n")


async def test_only_days_that_are_kept_can_be_asked_for(shell: Shell) -> None:
    assert MAX_USAGE_DAYS == DETAIL_DAYS
    with pytest.raises(SystemExit):
        await shell("--days", str(MAX_USAGE_DAYS + 1))
