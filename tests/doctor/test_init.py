"""`cherry-bridge init` as a newcomer meets it: at a terminal, in an empty folder, with a wrong token at first."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from dotenv import dotenv_values

from tests.doctor.conftest import closed_port
from tests.doctor.init_session import PATIENCE, ROOT, InitSession, surroundings
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.servers import KEY, NO_LIST, Kind, ServerEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.server.answers import Answer, sse
from tests.server.provider import ScriptedProvider, stream

ENTER = ""
MADE_UP = "7000000111:AAFakeTokenOfAnotherEmulatedBot-0123456789"
WRONG_KEY = "cs-sk-99999999-2222-3333-4444-555555555555"


@pytest.fixture
async def gateway() -> AsyncIterator[GatewayEmulator]:
    async with GatewayEmulator("B") as gateway:
        yield gateway


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform() as telegram:
        yield telegram


def kept(home: Path) -> dict[str, str | None]:
    return dict(dotenv_values(home / ".env"))


async def shown(telegram: TelegramPlatform, before: int, text: str) -> None:
    """Wait until the bot has said something that holds `text`, after its first `before` messages."""
    while not any(text in bubble.text for bubble in telegram.bubbles()[before:]):
        await asyncio.sleep(0.05)


async def aside(dialogue: Callable[[], None]) -> None:
    """Play it in a thread: the emulators answer on this one."""
    await asyncio.to_thread(dialogue)


async def test_from_an_empty_folder_to_a_running_bot(
    gateway: GatewayEmulator, telegram: TelegramPlatform, tmp_path: Path
) -> None:
    token = telegram.server.token

    def dialogue() -> None:
        with InitSession(tmp_path, gateway.port, TELEGRAM_API_URL=telegram.server.url) as mia:
            mia.expect(f"Found at {gateway.url}.")
            mia.expect("Settings > API Server and copy the API key")
            mia.answer("Its API key", WRONG_KEY)
            mia.expect("!!  key       The key is wrong.")
            mia.answer("Its API key", f"Bearer {gateway.key}")
            mia.expect("The key is accepted.")
            mia.answer("Model for new chats", "no such thing at all")
            mia.expect("That is not the name of one model.")
            mia.answer("Model for new chats", "fake-openai:err401")
            mia.expect("does not accept the key that Cherry Studio has for it")
            mia.answer("Model for new chats", "fake-openai:ok")
            mia.expect("ok  answer    fake-openai:ok answers")
            mia.expect("1 Telegram   2 Discord   3 Feishu")
            mia.answer("Which do you want to set up?", "telegram, please")
            mia.expect("Type numbers from 0 to 3.")
            mia.answer("Which do you want to set up?", ENTER)
            mia.expect("open a chat with @BotFather, send /newbot")
            mia.answer("Bot token", "hunter2")
            mia.expect("a token looks like 123456789:AAbb...")
            mia.answer("Bot token", MADE_UP)
            mia.answer("HTTP proxy", ENTER)
            mia.expect("Telegram does not accept the token.")
            mia.answer("Try again? [Y/n]", "what?")
            mia.answer("Try again? [Y/n]", ENTER)
            mia.answer("Bot token", f'"{token}" ')
            mia.answer("HTTP proxy", ENTER)
            mia.expect("The token is that of @cherry_test_bot.")
            mia.expect("Done: .env is written, and only you can read it.")
            mia.answer("Start the bot now?", ENTER)
            mia.expect("send the bot: /claim ")
            mia.expect("https://t.me/cherry_test_bot?start=")
            mia.interrupt()
            assert mia.wait() == 0
            for secret in (token, gateway.key, WRONG_KEY, MADE_UP):
                assert secret not in mia.screen

    await aside(dialogue)
    assert kept(tmp_path) == {
        "BRIDGE_GATEWAY_KEY": gateway.key,
        "BRIDGE_MODEL": "fake-openai:ok",
        "TELEGRAM_TOKEN": token,
    }
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


async def test_it_may_be_left_at_any_question(
    gateway: GatewayEmulator, telegram: TelegramPlatform, tmp_path: Path
) -> None:
    mine = f"# mine\nOTHER=1\nBRIDGE_GATEWAY_URL=http://127.0.0.1:{closed_port()}\n"
    (tmp_path / ".env").write_text(mine)

    def session() -> InitSession:
        return InitSession(tmp_path, gateway.port, TELEGRAM_API_URL=telegram.server.url)

    def dialogue() -> None:
        with session() as mia:
            mia.expect(".env exists already; what is in it stays.")
            mia.expect(f"Found at {gateway.url}.")
            mia.answer("Its API key", gateway.key)
            mia.interrupt_at("Model for new chats")
            assert mia.wait() == 130
            assert "What you have answered is in .env; run cherry-bridge init to go on." in mia.screen
        with session() as mia:
            mia.expect("The key is accepted.")
            mia.answer("Model for new chats", ENTER)
            mia.expect("ok  answer    fake-openai:ok answers")
            mia.answer("Which do you want to set up?", "3，1")
            mia.answer("Feishu or Lark", "lark")
            mia.answer("App ID", "cli_1234")
            mia.answer("App Secret", ENTER)
            mia.expect("Skipped for now.")
            mia.answer("Bot token", telegram.server.token)
            mia.close_at("HTTP proxy")
            assert mia.wait() == 130
        with session() as mia:
            mia.answer("Model for new chats", ENTER)
            mia.expect("The token is that of @cherry_test_bot.")
            mia.expect("1 Telegram (set up)   2 Discord   3 Feishu")
            mia.answer("Set up another, or change one?", ENTER)
            mia.answer("Start the bot now?", "n")
            mia.expect("Start it with: cherry-bridge run")
            assert mia.wait() == 0

    await aside(dialogue)
    written = (tmp_path / ".env").read_text()
    assert written.startswith(f"# mine\nOTHER=1\nBRIDGE_GATEWAY_URL={gateway.url}\n")
    assert kept(tmp_path) == {
        "OTHER": "1",
        "BRIDGE_GATEWAY_URL": gateway.url,
        "BRIDGE_GATEWAY_KEY": gateway.key,
        "FEISHU_DOMAIN": "https://open.larksuite.com",
        "FEISHU_APP_ID": "cli_1234",
        "TELEGRAM_TOKEN": telegram.server.token,
    }


@pytest.mark.parametrize(("kind", "failing"), [("litellm", False), ("litellm", True), ("llama.cpp", False)])
async def test_a_server_that_is_not_cherry_studio(kind: Kind, failing: bool, tmp_path: Path) -> None:
    """It is set up in its own words; LiteLLM may fail where a key is missing, in place of asking for one."""
    async with ServerEmulator(kind, key=KEY) as server:
        name, model = server.shape.name, server.models[0]
        server.failing = failing

        def dialogue() -> None:
            with InitSession(tmp_path, closed_port()) as mia:
                mia.answer("Where are your models?", "3")
                mia.expect("Any server that speaks OpenAI's API will do")
                mia.answer("Its address", f"{server.url}/v1/")
                mia.expect(f"Found at {server.url}.")
                if failing:
                    mia.expect(f"{name} failed to answer.")
                if not server.shape.open_list:
                    mia.expect(f"Type a key that {name} accepts")
                    server_works()
                    mia.answer("Its API key", KEY)
                    mia.expect("The key is accepted.")
                count = len(server.models)
                mia.expect(f"{count} model{'s' * (count > 1)} to chat with, from {name}.")
                mia.answer("Model for new chats", ENTER)
                if server.shape.open_list:  # only an answer tells that the key is missing
                    mia.expect(f"The key is missing. -> Set BRIDGE_GATEWAY_KEY to a key that {name} accepts.")
                    mia.answer("Its API key", KEY)
                mia.expect(f"ok  answer    {model} answers")
                mia.answer("Which do you want to set up?", "0")
                assert mia.wait() == 0
                assert "cs-sk-" not in mia.screen

        def server_works() -> None:
            server.failing = False

        await aside(dialogue)
    assert kept(tmp_path)["BRIDGE_GATEWAY_URL"] == server.url


async def test_a_server_without_a_list_of_models(tmp_path: Path) -> None:
    async with ServerEmulator("vllm", listed=NO_LIST) as server:
        server.models = ["mine"]

        def dialogue() -> None:
            with InitSession(tmp_path, closed_port()) as mia:
                mia.answer("Where are your models?", "in the cellar")
                mia.expect("Type a number from 1 to 4, or an address such as")
                mia.answer("Where are your models?", server.url)
                mia.expect("answers, but has no list of models.")
                mia.answer("Model for new chats", "mine")
                mia.expect("ok  answer    mine answers")
                mia.answer("Which do you want to set up?", "0")
                assert mia.wait() == 0

        await aside(dialogue)
    assert kept(tmp_path)["BRIDGE_MODEL"] == "mine"


async def test_from_a_providers_key_to_the_first_answer(telegram: TelegramPlatform, tmp_path: Path) -> None:
    """Without Cherry Studio, in under two minutes: our own gateway runs inside the bot."""
    key, began = "sk-provider-of-mia-1234", time.monotonic()
    async with ScriptedProvider(Answer("Because of the air.")) as provider:
        provider.replies = [stream(*sse("chat", Answer("hello")))]
        loop = asyncio.get_running_loop()

        def dialogue() -> None:
            with InitSession(tmp_path, closed_port(), TELEGRAM_API_URL=telegram.server.url) as mia:
                mia.answer("Where are your models?", "4")
                mia.expect("Known by name: openai, anthropic")
                mia.answer("Which provider?", "somebody")
                mia.expect("type one of these names")
                mia.answer("Which provider?", f"http://127.0.0.1:{closed_port()}/v1")
                mia.answer("Its key", key)
                mia.expect("the connection is refused")
                mia.answer("Which provider?", provider.url)
                mia.answer("Its key", key)
                mia.expect("cherry-bridge will run its own gateway.")
                mia.answer("Model for new chats", ENTER)
                mia.expect("ok  answer    mine:m1 answers")
                mia.answer("Which do you want to set up?", "1")
                mia.answer("Bot token", telegram.server.token)
                mia.answer("HTTP proxy", ENTER)
                mia.answer("Start the bot now?", ENTER)
                mia.expect("send the bot: /claim ")
                code = mia.line()
                for text, answered in ((f"/claim {code}", ""), ("Why is the sky blue?", "Because of the air.")):
                    before = len(telegram.bubbles())
                    asyncio.run_coroutine_threadsafe(telegram.say(text), loop).result(PATIENCE)
                    asyncio.run_coroutine_threadsafe(shown(telegram, before, answered), loop).result(PATIENCE)
                    if not answered:
                        mia.expect("is the owner now.")
                        assert "listening" not in mia.screen, "no log pushes the code away"
                mia.expect("gateway answer")
                mia.interrupt()
                assert mia.wait() == 0
                assert key not in mia.screen

        await aside(dialogue)
    assert time.monotonic() - began < 120
    assert kept(tmp_path) == {"TELEGRAM_TOKEN": telegram.server.token}
    assert stat.S_IMODE((tmp_path / "data" / "gateway.toml").stat().st_mode) == 0o600


async def test_each_of_several_gateways_is_set_right(gateway: GatewayEmulator, tmp_path: Path) -> None:
    """A wrong address, a wrong key, and our own without a provider: each is asked about by its name, in turn."""
    key = "sk-provider-of-mia-1234"
    async with ScriptedProvider(Answer("hello")) as provider:

        def dialogue() -> None:
            several = {
                "BRIDGE_GATEWAYS": "home,inside",
                "BRIDGE_GATEWAY_HOME_URL": f"http://127.0.0.1:{closed_port()}",
                "BRIDGE_GATEWAY_HOME_NAME": "Desk",
            }
            (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in several.items()))
            with InitSession(tmp_path, closed_port()) as mia:
                mia.expect("!!  gateway   Desk: Nothing answers at")
                mia.answer("Its address", "nonsense at all")
                mia.expect("an address looks like")
                mia.answer("Its address", gateway.url)
                mia.expect("!!  key       Desk: The key is missing.")
                mia.answer("Its API key", WRONG_KEY)
                mia.expect("!!  key       Desk: The key is wrong.")
                mia.answer("Its API key", gateway.key)
                mia.expect("ok  answer    Desk: ")
                mia.expect("!!  models    inside: No provider offers a model to chat with.")
                mia.answer("Which provider?", provider.url)
                mia.answer("Its key", key)
                mia.expect("ok  gateway   inside: Our own gateway runs inside")
                mia.expect("ok  answer    inside: mine:m1 answers")
                mia.answer("Which do you want to set up?", "0")
                assert mia.wait() == 0
                assert key not in mia.screen and gateway.key not in mia.screen

        await aside(dialogue)
    written = kept(tmp_path)
    assert (written["BRIDGE_GATEWAY_HOME_URL"], written["BRIDGE_GATEWAY_HOME_KEY"]) == (gateway.url, gateway.key)
    assert "BRIDGE_GATEWAY_INSIDE_URL" not in written and "BRIDGE_GATEWAY_URL" not in written


async def test_everything_can_be_skipped(tmp_path: Path) -> None:
    def dialogue() -> None:
        with InitSession(tmp_path, closed_port()) as mia:
            mia.expect("Cherry Studio was not found on the usual ports of this computer.")
            mia.answer("Where are your models?", "3")
            mia.answer("Its address", "not an address")
            mia.expect("an address looks like http://127.0.0.1:23333.")
            mia.answer("Its address", f"localhost:{closed_port()}/v1")
            mia.expect("!!  gateway   Nothing answers at http://localhost:")
            mia.answer("Its address", ENTER)
            mia.expect("Skipped for now.")
            mia.answer("Its API key", ENTER)
            mia.answer("Which do you want to set up?", "0")
            mia.expect("No platform is set up yet. Run cherry-bridge chat to talk right here")
            assert mia.wait() == 0

    await aside(dialogue)
    assert list(kept(tmp_path)) == ["BRIDGE_GATEWAY_URL"]


async def test_a_gateway_that_is_switched_on_meanwhile_is_found(gateway: GatewayEmulator, tmp_path: Path) -> None:
    await gateway.stop()
    loop = asyncio.get_running_loop()

    def dialogue() -> None:
        with InitSession(tmp_path, gateway.port, TELEGRAM_TOKEN=MADE_UP) as mia:
            mia.expect("Cherry Studio was not found")
            asyncio.run_coroutine_threadsafe(gateway.start(), loop).result(PATIENCE)
            mia.answer("Where are your models?", ENTER)
            mia.answer("Its address", ENTER)
            mia.expect(f"Found at {gateway.url}.")
            mia.interrupt_at("Its API key")
            assert mia.wait() == 130

    await aside(dialogue)


async def test_where_no_locale_tells_the_language_is_asked_first(tmp_path: Path) -> None:
    def dialogue() -> None:
        with InitSession(tmp_path, closed_port(), LANG="C.UTF-8") as mia:
            mia.expect("1 English   2 简体中文   3 繁體中文")
            mia.answer("Language / 语言 / 語言 [1]", "2")
            mia.expect("在这台电脑的常用端口上没有找到 Cherry Studio。")
            mia.interrupt_at("模型在哪里？")
            assert mia.wait() == 130
            assert "再运行 cherry-bridge init 可以继续" in mia.screen

    await aside(dialogue)


async def test_without_a_terminal_it_says_so(tmp_path: Path) -> None:
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.doctor.program"],
        cwd=tmp_path,
        env=surroundings(tmp_path, 1),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 2
    assert "it needs a terminal" in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("seconds", ["0", "1.2"])
def test_what_takes_longer_than_a_second_is_counted(seconds: str) -> None:
    wait = "from bridge.admin.shell.asking import waited_for; import asyncio, sys"
    program = f"{wait}; print(waited_for(asyncio.sleep(float(sys.argv[1]), 'done')))"
    command = ["-c", program, seconds]
    child = pexpect.spawn(sys.executable, command, cwd=ROOT, encoding="utf-8")
    child.expect_exact("done", timeout=PATIENCE)
    assert ("… 1 s" in child.before) is (seconds != "0")
    assert child.before.endswith("\r") or seconds == "0", "the line is empty again"
    piped = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert piped.stdout == "done\n"
