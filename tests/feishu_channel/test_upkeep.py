"""Token, quota, slash commands and settings: what keeps the app in good standing."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from pydantic import ValidationError

from bridge.channel import Command
from bridge.types import Body, Button, User
from channels.feishu import Settings
from tests.emulators.feishu import Rules
from tests.feishu_channel.harness import running

COMMANDS = [
    Command("model", {"en": "Choose a model", "zh-CN": "选择模型", "zh-TW": "選擇模型"}, "name"),
    Command("stop", {"en": "Stop", "zh-CN": "停止", "zh-TW": "停止"}),
    Command("allow", {"en": "Let a group in", "zh-CN": "允许", "zh-TW": "允許"}, admin=True),
]


async def test_callers_share_a_token_and_replace_a_refused_one() -> None:
    async with running() as harness:
        channel, server = await harness.channel(), harness.platform.server
        assert server.token_calls == 1
        posts = [channel.post(harness.platform.chat(who=f"p{n}"), Body("x"), key=f"a{n}", final=True) for n in range(8)]
        await asyncio.gather(*posts)
        assert server.token_calls == 1
        server.tokens.clear()
        posts = [channel.post(harness.platform.chat(who=f"p{n}"), Body("y"), key=f"b{n}", final=True) for n in range(8)]
        await asyncio.gather(*posts)
        assert server.token_calls == 2
        assert [bubble.text for bubble in harness.platform.bubbles(who="p3")] == ["x", "y"]


async def test_the_token_is_renewed_before_it_ends() -> None:
    async with running() as harness:
        channel = await harness.channel()
        first = channel._rest.token.value
        harness.platform.tenant.clock.skipped = 6700  # 500 of its 7,200 seconds are left
        channel._rest.token.renew_at -= 6700
        channel._rest.token.ends_at -= 6700
        await channel.post(harness.platform.chat(), Body("x"), key="k", final=True)
        assert channel._rest.token.value != first and harness.platform.server.token_calls == 2


async def test_past_the_quotas_share_answers_slow_down() -> None:
    async with running() as harness:
        boss = User("feishu", "ou_boss")
        chat = harness.platform.chat()
        channel = await harness.channel(feishu_monthly_quota=20, feishu_quota_share=0.5)
        await channel.publish([], [boss])
        calm = channel.limits(chat).edit_interval
        assert calm == 0.5
        for number in range(12):
            await channel.post(harness.platform.chat(who=f"p{number}"), Body("x"), key=f"k{number}", final=True)
        busy = channel.limits(chat).edit_interval
        again = await harness.channel(feishu_monthly_quota=20, feishu_quota_share=0.5)
        await again.publish([], [boss])
        for number in range(12, 30):
            await again.post(harness.platform.chat(who=f"p{number}"), Body("x"), key=f"k{number}", final=True)
        assert calm < busy < again.limits(chat).edit_interval
        (told,) = harness.platform.bubbles(who="boss")
        assert "of this month's 20 Feishu API calls" in told.text
        counted = sum(int(value) for name, value in harness.memory.facts.items() if name.startswith("calls:"))
        assert counted == len(harness.platform.server.calls)
        harness.platform.tenant.clock.skipped = 32 * 86400
        await again.post(chat, Body("x"), key="next", final=True)
        assert again.limits(chat).edit_interval == calm


async def test_no_quota_and_no_store_are_no_hindrance() -> None:
    async with running() as harness:
        channel = await harness.channel(feishu_monthly_quota=0)
        harness.memory.away = True
        await channel.post(harness.platform.chat(), Body("x"), key="k", final=True)
        harness.memory.away = False
        await channel.post(harness.platform.chat(), Body("y"), key="l", final=True)
        counted = [value for name, value in harness.memory.facts.items() if name.startswith("calls:")]
        assert counted == [str(len(harness.platform.server.calls))]
        assert channel.limits(harness.platform.chat()).edit_interval == 0.5


async def test_slash_commands_are_made_to_match_and_others_left_alone() -> None:
    async with running() as harness:
        platform = harness.platform
        theirs = {"command_id": "1", "command": "theirs", "description": {"default_value": "x"}}
        platform.tenant.commands["1"] = theirs
        channel = await harness.channel()
        await channel.publish(COMMANDS, [])
        assert [c["command"] for c in platform.tenant.commands.values()] == ["theirs", "model", "stop"]
        model = next(c for c in platform.tenant.commands.values() if c["command"] == "model")
        assert model["description"]["i18n"] == {"en_us": "Choose a model", "zh_cn": "选择模型", "zh_tw": "選擇模型"}
        calls = len(platform.server.calls)
        await (await harness.channel()).publish(COMMANDS, [])
        assert len(platform.server.calls) == calls + 1  # but for our own name, nothing was asked
        await channel.publish([Command("stop", {"en": "Be quiet"})], [])
        assert [(c["command"], c["description"]["default_value"]) for c in platform.tenant.commands.values()] == [
            ("theirs", "x"),
            ("stop", "Be quiet"),
        ]


async def test_a_tenant_without_slash_commands() -> None:
    async with running(Rules(slash_commands=False)) as harness:
        channel = await harness.channel()
        await channel.publish(COMMANDS, [])
        await channel.post(harness.platform.chat(), Body("x", (Button("a", "/a"),)), key="k", final=True)
        assert harness.platform.bubbles()[0].buttons == ["a"]


async def test_an_app_that_is_no_bot_yet_connects_and_finds_out_later() -> None:
    async with running() as harness:
        harness.platform.fail("bot", 11205, "app do not have bot")
        listener = await harness.listen(await harness.channel())  # the console saves long-connection mode only now
        await harness.platform.say("hello", place="group", mention=True)
        heard = await listener.said()
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
    heavy = "aiohttp", "google.protobuf", "cachetools", "channels.feishu.adapter"
    script = f"import sys, channels.feishu; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


async def test_secrets_and_words_stay_out_of_logs_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    async with running() as harness:
        channel = await harness.channel()
        token = channel._rest.token.value
        for step in ("card.create", "send", "card.content", "card.update"):
            harness.platform.fail(step, 230099, "a private sentence ErrCode: 11310")
        posted = await channel.post(harness.platform.chat(), Body("a private sentence"), key="k", final=False)
        await posted.edit(Body("a private sentence too"), final=True)
    said = capsys.readouterr()
    for secret in (*harness.platform.secrets, token, "private sentence"):
        assert secret not in said.out + said.err and secret not in repr(channel._settings)
