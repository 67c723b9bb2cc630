"""Token, quota, slash commands and settings: what keeps the app in good standing."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from pydantic import ValidationError

from bridge.channel import Command
from bridge.types import Button, User
from channels.feishu import Settings
from tests.emulators.feishu import Rules
from tests.feishu_channel.office import office

COMMANDS = [
    Command("model", {"en": "Choose a model", "zh-CN": "选择模型", "zh-TW": "選擇模型"}, "name"),
    Command("stop", {"en": "Stop", "zh-CN": "停止", "zh-TW": "停止"}),
    Command("allow", {"en": "Let a group in", "zh-CN": "允许", "zh-TW": "允許"}, admin=True),
]


async def test_one_token_for_all_callers_and_a_new_one_when_it_is_refused() -> None:
    async with office() as place:
        channel, server = await place.channel(), place.stage.server
        assert server.token_calls == 1
        posts = [channel.post(place.stage.chat(who=f"p{n}"), "x", key=f"a{n}", final=True) for n in range(8)]
        await asyncio.gather(*posts)
        assert server.token_calls == 1
        server.tokens.clear()
        posts = [channel.post(place.stage.chat(who=f"p{n}"), "y", key=f"b{n}", final=True) for n in range(8)]
        await asyncio.gather(*posts)
        assert server.token_calls == 2
        assert [bubble.text for bubble in place.stage.bubbles(who="p3")] == ["x", "y"]


async def test_the_token_is_renewed_before_it_ends() -> None:
    async with office() as place:
        channel = await place.channel()
        first = channel._rest._token
        place.stage.tenant.clock.skipped = 6700  # 500 of its 7,200 seconds are left
        channel._rest._renew_at -= 6700
        channel._rest._ends_at -= 6700
        await channel.post(place.stage.chat(), "x", key="k", final=True)
        assert channel._rest._token != first and place.stage.server.token_calls == 2


async def test_calls_are_counted_and_past_the_share_answers_slow_down_and_admins_are_told_once() -> None:
    async with office() as place:
        boss = User("feishu", "ou_boss")
        chat = place.stage.chat()
        channel = await place.channel(feishu_monthly_quota=20, feishu_quota_share=0.5)
        await channel.publish([], [boss])
        calm = channel.limits(chat).edit_interval
        assert calm == 0.5
        for number in range(12):
            await channel.post(place.stage.chat(who=f"p{number}"), "x", key=f"k{number}", final=True)
        busy = channel.limits(chat).edit_interval
        again = await place.channel(feishu_monthly_quota=20, feishu_quota_share=0.5)
        await again.publish([], [boss])
        for number in range(12, 30):
            await again.post(place.stage.chat(who=f"p{number}"), "x", key=f"k{number}", final=True)
        assert calm < busy < again.limits(chat).edit_interval
        (told,) = place.stage.bubbles(who="boss")
        assert "of this month's 20 Feishu API calls" in told.text
        counted = sum(int(value) for name, value in place.kept.facts.items() if name.startswith("calls:"))
        assert counted == len(place.stage.server.calls)
        place.stage.tenant.clock.skipped = 32 * 86400
        await again.post(chat, "x", key="next", final=True)
        assert again.limits(chat).edit_interval == calm


async def test_no_quota_and_no_store_are_no_hindrance() -> None:
    async with office() as place:
        channel = await place.channel(feishu_monthly_quota=0)
        place.kept.away = True
        await channel.post(place.stage.chat(), "x", key="k", final=True)
        place.kept.away = False
        await channel.post(place.stage.chat(), "y", key="l", final=True)
        counted = [value for name, value in place.kept.facts.items() if name.startswith("calls:")]
        assert counted == [str(len(place.stage.server.calls))]
        assert channel.limits(place.stage.chat()).edit_interval == 0.5


async def test_slash_commands_are_made_to_match_and_others_left_alone() -> None:
    async with office() as place:
        stage = place.stage
        theirs = {"command_id": "1", "command": "theirs", "description": {"default_value": "x"}}
        stage.tenant.commands["1"] = theirs
        channel = await place.channel()
        await channel.publish(COMMANDS, [])
        assert [c["command"] for c in stage.tenant.commands.values()] == ["theirs", "model", "stop"]
        model = next(c for c in stage.tenant.commands.values() if c["command"] == "model")
        assert model["description"]["i18n"] == {"en_us": "Choose a model", "zh_cn": "选择模型", "zh_tw": "選擇模型"}
        calls = len(stage.server.calls)
        await (await place.channel()).publish(COMMANDS, [])
        assert len(stage.server.calls) == calls + 1  # but for our own name, nothing was asked
        await channel.publish([Command("stop", {"en": "Be quiet"})], [])
        assert [(c["command"], c["description"]["default_value"]) for c in stage.tenant.commands.values()] == [
            ("theirs", "x"),
            ("stop", "Be quiet"),
        ]


async def test_a_tenant_without_slash_commands() -> None:
    async with office(Rules(slash_commands=False)) as place:
        channel = await place.channel()
        await channel.publish(COMMANDS, [])
        await channel.post(place.stage.chat(), "x", key="k", final=True, buttons=[Button("a", "/a")])
        assert place.stage.bubbles()[0].buttons == ["a"]


async def test_an_app_that_is_no_bot_yet_connects_and_finds_out_later() -> None:
    async with office() as place:
        place.stage.fail("bot", 11205, "app do not have bot")
        ear = await place.ear(await place.channel())  # the console saves long-connection mode only now
        await place.stage.say("hello", place="group", mention=True)
        heard = await ear.next()
        assert heard.addressed and heard.text == "hello"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lark", "https://open.larksuite.com"),
        ("open.feishu.cn", "https://open.feishu.cn"),
        ("https://open.larksuite.com/open-apis/", "https://open.larksuite.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_domain_as_people_write_it(written: str, meant: str) -> None:
    assert Settings(_env_file=None, feishu_domain=written).feishu_domain == meant  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "wrong",
    [
        {"feishu_domain": "http://open.feishu.cn"},
        {"feishu_domain": "ftp://x"},
        {"feishu_app_id": "12345"},
        {"bridge_proxy": "socks5://secret-password@127.0.0.1:1"},
        {"feishu_monthly_quota": -1},
        {"feishu_quota_share": 2},
    ],
)
def test_settings_that_cannot_be_used(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as error:
        Settings(_env_file=None, **wrong)  # type: ignore[call-arg,arg-type]
    assert "secret-password" not in str(error.value)


def test_the_proxy_is_not_used_for_this_machine() -> None:
    def proxy(domain: str) -> str:
        return Settings(_env_file=None, feishu_domain=domain, bridge_proxy="http://127.0.0.1:7890").proxy  # type: ignore[call-arg,arg-type]

    assert proxy("lark") == "http://127.0.0.1:7890" and proxy("http://127.0.0.1:8000") == ""


def test_importing_the_channel_imports_little() -> None:
    heavy = "aiohttp", "google.protobuf", "httpx", "channels.feishu.adapter"
    script = f"import sys, channels.feishu; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


async def test_secrets_and_words_stay_out_of_logs_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    async with office() as place:
        channel = await place.channel()
        token = channel._rest._token
        for step in ("card.create", "send", "card.content", "card.update"):
            place.stage.fail(step, 230099, "a private sentence ErrCode: 11310")
        posted = await channel.post(place.stage.chat(), "a private sentence", key="k", final=False)
        await posted.edit("a private sentence too", final=True)
    said = capsys.readouterr()
    for secret in (*place.stage.secrets, token, "private sentence"):
        assert secret not in said.out + said.err and secret not in repr(channel._settings)
