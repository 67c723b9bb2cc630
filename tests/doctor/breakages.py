"""Set-ups that people really have and that do not work: how each comes about, and what is said of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from time import time

import aiohttp
from aiohttp import web
from redis.asyncio import Redis

from bridge.store.embedded import embedded
from tests.doctor.conftest import DoctorRig, closed_port
from tests.emulators.discord import DiscordPlatform
from tests.emulators.feishu import FeishuPlatform
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.speech import KEY as SPEECH_KEY
from tests.emulators.speech import SpeechEmulator


@dataclass(frozen=True)
class Broken:
    """`cause` and `fix` stand in one line of what doctor prints, and no other line complains."""

    how: Callable[[DoctorRig], Awaitable[None]]
    cause: str
    fix: str


# the gateway


async def off(rig: DoctorRig) -> None:
    await rig.gateway.stop()


async def moved(rig: DoctorRig) -> None:
    rig.monkeypatch.setattr("bridge.admin.doctor.gateway.USUAL_PORTS", [rig.gateway.port])
    rig.set(BRIDGE_GATEWAY_URL=f"http://127.0.0.1:{closed_port()}")


async def squatted(rig: DoctorRig) -> None:
    rig.set(BRIDGE_GATEWAY_URL=await serve(rig, lambda _: web.Response(text="<h1>It works!</h1>")))


async def far_end_off(rig: DoctorRig) -> None:
    """What sshd does on the server while nothing listens at the other end."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    await rig.stack.enter_async_context(server)
    rig.set(BRIDGE_GATEWAY_URL=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def frozen(rig: DoctorRig) -> None:
    """What the kernel does for an ssh that sleeps."""
    rig.monkeypatch.setattr("bridge.admin.doctor.gateway.RECOGNITION_SECONDS", 0.5)
    asleep = socket.create_server(("127.0.0.1", 0))
    rig.stack.callback(asleep.close)
    rig.set(BRIDGE_GATEWAY_URL=f"http://127.0.0.1:{asleep.getsockname()[1]}")


async def displaced(rig: DoctorRig) -> None:
    rig.monkeypatch.setattr("bridge.admin.doctor.gateway.USUAL_PORTS", [rig.gateway.port])
    await squatted(rig)


async def no_key(rig: DoctorRig) -> None:
    rig.unset("BRIDGE_GATEWAY_KEY")


async def old_key(rig: DoctorRig) -> None:
    rig.set(BRIDGE_GATEWAY_KEY="cs-sk-99999999-2222-3333-4444-555555555555")


async def no_provider(rig: DoctorRig) -> None:
    rig.gateway.providers.clear()


def model(name: str) -> Callable[[DoctorRig], Awaitable[None]]:
    async def set_it(rig: DoctorRig) -> None:
        rig.set(BRIDGE_MODEL=name)

    return set_it


async def version_2(rig: DoctorRig) -> None:
    gateway = await rig.stack.enter_async_context(GatewayEmulator("C"))
    rig.set(BRIDGE_GATEWAY_URL=gateway.url, BRIDGE_GATEWAY_KEY=gateway.key, BRIDGE_MODEL="openai:gpt-6")


async def hanging(rig: DoctorRig) -> None:
    rig.monkeypatch.setattr("bridge.admin.doctor.answer.FIRST_WORD_SECONDS", 1.0)
    rig.set(BRIDGE_MODEL="fake-openai:hang")


# the store


async def redis_off(rig: DoctorRig) -> None:
    rig.set(BRIDGE_REDIS_URL=f"redis://127.0.0.1:{closed_port()}")


def redis(**settings: str) -> Callable[[DoctorRig], Awaitable[None]]:
    async def start(rig: DoctorRig) -> None:
        server = await rig.stack.enter_async_context(embedded(rig.home / "own"))
        # What guards it now would keep its own process from stopping it.
        rig.stack.push_async_callback(forget, f"unix://{server}", settings.get("requirepass", ""))
        async with Redis(unix_socket_path=str(server)) as client:
            for name, value in settings.items():
                await client.config_set(name.replace("_", "-"), value)
        rig.set(BRIDGE_REDIS_URL=f"unix://{server}")

    return start


async def forget(url: str, password: str) -> None:
    async with Redis.from_url(url, password=password or None) as client:
        await client.config_set("requirepass", "")


async def replica(rig: DoctorRig) -> None:
    await redis()(rig)
    server = rig.home / "own" / "valkey" / "socket"
    async with Redis(unix_socket_path=str(server)) as client:
        await client.replicaof("127.0.0.1", closed_port())


async def no_folder(rig: DoctorRig) -> None:
    (rig.home / "file").touch()
    rig.unset("BRIDGE_REDIS_URL")
    rig.set(BRIDGE_DATA_DIR=str(rig.home / "file" / "data"))


# settings


def setting(**settings: str) -> Callable[[DoctorRig], Awaitable[None]]:
    async def set_them(rig: DoctorRig) -> None:
        rig.set(**settings)

    return set_them


async def bot_token(rig: DoctorRig) -> None:
    rig.env_file.write_text(f"TELEGRAM_BOT_TOKEN={rig.telegram.server.token}\n")
    rig.env_file.chmod(0o600)
    rig.unset("TELEGRAM_TOKEN")
    discord = await rig.stack.enter_async_context(DiscordPlatform())
    rig.set(**discord.environment())


async def nothing(rig: DoctorRig) -> None:
    rig.unset("TELEGRAM_TOKEN")


# platforms


async def telegram_off(rig: DoctorRig) -> None:
    rig.set(TELEGRAM_API_URL=f"http://127.0.0.1:{closed_port()}")


async def webhook(rig: DoctorRig) -> None:
    rig.telegram.world.webhook = "https://example.org/hook"


async def second_poller(rig: DoctorRig) -> None:
    url = f"{rig.telegram.server.url}/bot{rig.telegram.server.token}/getUpdates"
    rig.monkeypatch.setattr("channels.telegram.checks.LISTEN_SECONDS", 5)

    async def poll() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError):
                    await session.post(url, json={"timeout": 30})
                await asyncio.sleep(0.2)

    task = asyncio.create_task(poll())
    rig.stack.callback(task.cancel)
    await rig.telegram.server.until_called("getUpdates")


async def clock(rig: DoctorRig) -> None:
    async def me(_: web.Request) -> web.Response:
        body = {"ok": True, "result": {"username": "cherry", "can_read_all_group_messages": True}}
        return web.json_response(body, headers={"Date": formatdate(time() - 600, usegmt=True)})

    rig.monkeypatch.setattr("channels.telegram.checks._another_polls", lambda _: asyncio.sleep(0, False))
    rig.set(TELEGRAM_API_URL=await serve(rig, me))


def discord(**settings: str) -> Callable[[DoctorRig], Awaitable[None]]:
    async def start(rig: DoctorRig) -> None:
        platform = await rig.stack.enter_async_context(DiscordPlatform(message_content=False))
        rig.set(**platform.environment() | settings)

    return start


def feishu(**settings: str) -> Callable[[DoctorRig], Awaitable[None]]:
    async def start(rig: DoctorRig) -> None:
        platform = await rig.stack.enter_async_context(FeishuPlatform())
        rig.set(**platform.environment() | settings)

    return start


def feishu_says(**answers: dict[str, object]) -> Callable[[DoctorRig], Awaitable[None]]:
    """A Feishu that answers each of the four calls as is said, or well."""
    usual: dict[str, dict[str, object]] = {
        "internal": {"code": 0, "tenant_access_token": "t-1"},
        "info": {"code": 0, "bot": {"app_name": "Cherry"}},
        "scopes": {"code": 99991400},
        "endpoint": {"code": 0},
    }

    async def answer(request: web.Request) -> web.Response:
        return web.json_response((usual | answers)[request.path.rsplit("/", 1)[1]])

    async def start(rig: DoctorRig) -> None:
        domain = await serve(rig, answer)
        rig.set(FEISHU_APP_ID="cli_test", FEISHU_APP_SECRET="loopback-secret", FEISHU_DOMAIN=domain)

    return start


async def serve(rig: DoctorRig, answer: Callable[[web.Request], object]) -> str:
    """Another program's web server; its address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        made = answer(request)
        response = await made if asyncio.iscoroutine(made) else made
        assert isinstance(response, web.StreamResponse)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    rig.stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


GRANTED = [{"scope_name": "im:message:send_as_bot", "grant_status": 1}, {"scope_name": "im:chat", "grant_status": 2}]
MADE_UP = "7000000111:AAFakeTokenOfAnotherEmulatedBot-0123456789"


def speech(**settings: str) -> Callable[[DoctorRig], Awaitable[None]]:
    """A speech server, and what is wrong with its settings."""

    async def how(rig: DoctorRig) -> None:
        server = await rig.stack.enter_async_context(SpeechEmulator())
        rig.set(BRIDGE_SPEECH_URL=server.url, **settings)

    return how


BROKEN: dict[str, Broken] = {
    "gateway off": Broken(off, "Nothing answers at", "switch on Settings > API Server"),
    "port changed": Broken(moved, "but Cherry Studio is at", "Set BRIDGE_GATEWAY_URL=http://127.0.0.1:"),
    "port taken": Broken(squatted, "Another program uses the port", "choose another port in Settings > API Server"),
    "port taken, gateway moved": Broken(displaced, "Another program answers", "Set BRIDGE_GATEWAY_URL=http"),
    "tunnel to nothing": Broken(far_end_off, "closes the connection at once", "update the tunnel"),
    "tunnel frozen": Broken(frozen, "accepts the connection, but does not answer", "it is frozen"),
    "no key": Broken(no_key, "The key is missing", "Set BRIDGE_GATEWAY_KEY"),
    "old key": Broken(old_key, "The key is wrong", "Copy the key again from Cherry Studio"),
    "no provider": Broken(no_provider, "offers no model", "Enable a provider"),
    "provider_not_found": Broken(
        model("openai:gpt-5"), "neither Gemini nor the built-in OpenAI", "update to version 2"
    ),
    "model gone": Broken(
        version_2, "which the gateway does not offer", "set BRIDGE_MODEL to one like it: openai:gpt-5"
    ),
    "listed, not usable": Broken(model("ollama:ok"), "listed but cannot be chatted with", "Set BRIDGE_MODEL"),
    "provider's key": Broken(model("fake-openai:err401"), "does not accept the key", "press Check beside its API key"),
    "no balance": Broken(model("fake-openai:err402"), "no balance left", "Top up the account"),
    "rate limit": Broken(model("fake-openai:err429q"), "limiting the rate", "Wait a minute"),
    "500": Broken(model("fake-openai:err500"), "failed to answer", "Try it in Cherry Studio itself"),
    "silent model": Broken(hanging, "has not answered for", "set BRIDGE_MODEL to another"),
    "empty answer": Broken(model("fake-openai:empty"), "The answer was empty", "set BRIDGE_MODEL to another"),
    "Redis off": Broken(redis_off, "Redis cannot be reached", "Start that Redis or correct BRIDGE_REDIS_URL"),
    "Redis forgets": Broken(redis(appendonly="no"), "writes nothing to disk", "appendonly yes"),
    "Redis evicts": Broken(
        redis(maxmemory="100mb", maxmemory_policy="allkeys-lru"), "allkeys-lru", "maxmemory-policy noeviction"
    ),
    "Redis password": Broken(redis(requirepass="hush-hush"), "wants a password", "as :PASSWORD@"),
    "Redis replica": Broken(replica, "is a replica", "Set BRIDGE_REDIS_URL to its master"),
    "no such scheme": Broken(setting(BRIDGE_REDIS_URL="http://x"), "cannot be used", "the embedded store is used"),
    "folder": Broken(no_folder, "cannot be written", "Set BRIDGE_DATA_DIR"),
    "slip of the pen": Broken(
        setting(BRIDGE_GATEWAY_KYE="x"),
        "BRIDGE_GATEWAY_KYE is not a setting; did you mean BRIDGE_GATEWAY_KEY?",
        "Rename",
    ),
    "a prefix too many": Broken(
        setting(BRIDGE_TELEGRAM_TOKEN="1:x"),
        "BRIDGE_TELEGRAM_TOKEN is not a setting; did you mean TELEGRAM_TOKEN?",
        "Rename",
    ),
    "speech server off": Broken(
        setting(BRIDGE_SPEECH_URL="http://127.0.0.1:9"), "cannot be reached (ConnectError)", "BRIDGE_SPEECH_URL"
    ),
    "speech key": Broken(speech(BRIDGE_SPEECH_KEY="wrong"), "refuses a recording (HTTP 401)", "BRIDGE_SPEECH_KEY"),
    "speech that cannot speak": Broken(
        speech(BRIDGE_SPEECH_KEY=SPEECH_KEY, BRIDGE_SPEECH_VOICE_MODEL="mute"),
        "mute does not speak (HTTP 404)",
        "BRIDGE_SPEECH_VOICE_MODEL",
    ),
    "not a number": Broken(setting(BRIDGE_IDLE_SECONDS="soon"), "BRIDGE_IDLE_SECONDS: ", "Correct it in .env"),
    "another's variable": Broken(bot_token, "TELEGRAM_BOT_TOKEN is not a setting", "Rename it to TELEGRAM_TOKEN"),
    "no channel": Broken(nothing, "No platform is set up", "cherry-bridge init"),
    "unknown channel": Broken(
        setting(BRIDGE_CHANNELS="telegram,telegrm"), "telegrm, which is no channel", "Choose among"
    ),
    "half a Feishu": Broken(setting(FEISHU_APP_ID="cli_1"), "FEISHU_APP_SECRET not set", "cherry-bridge init"),
    "no token at all": Broken(setting(TELEGRAM_TOKEN="hunter2"), "TELEGRAM_TOKEN is not a bot token", "Correct it"),
    "token refused": Broken(setting(TELEGRAM_TOKEN=MADE_UP), "does not accept the token", "/mybots"),
    "Telegram blocked": Broken(telegram_off, "Telegram cannot be reached", "set BRIDGE_PROXY"),
    "webhook": Broken(webhook, "A webhook takes", "a bot of its own"),
    "second poller": Broken(second_poller, "Another program receives this bot's messages", "Stop it"),
    "clock": Broken(clock, "clock is 60", "NTP"),
    "Discord token": Broken(discord(DISCORD_TOKEN="a.b.c"), "Discord does not accept the token", "Reset Token"),
    "Discord intent": Broken(
        discord(DISCORD_MESSAGE_CONTENT="true"), "Message Content Intent is not", "developer portal > Bot"
    ),
    "Discord websocket": Broken(
        discord(DISCORD_GATEWAY_URL="ws://127.0.0.1:9/"), "gateway cannot be reached", "lets no websocket through"
    ),
    "Feishu secret": Broken(feishu(FEISHU_APP_SECRET="wrong-secret"), "does not accept the app", "App Secret again"),
    "Feishu blocked": Broken(feishu(FEISHU_DOMAIN="http://127.0.0.1:9"), "cannot be reached", "BRIDGE_PROXY"),
    "Feishu bot": Broken(feishu_says(info={"code": 11205}), "is no bot yet (code 11205)", "Add Features > Bot"),
    "Feishu scopes": Broken(
        feishu_says(scopes={"code": 0, "data": {"scopes": GRANTED}}),
        "lacks scopes that it cannot do without: im:message.p2p_msg:readonly, im:message.group_at_msg:readonly.",
        "publish a new version",
    ),
    "Feishu connections": Broken(
        feishu_says(endpoint={"code": 1000040350}), "all the connections", "End the other programs"
    ),
}
