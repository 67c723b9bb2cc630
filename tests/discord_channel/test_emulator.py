"""The emulator holds a bot to Discord's rules; what it lets pass, Discord would."""

from __future__ import annotations

import asyncio
import io
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.emulators.discord import DiscordPlatform
from tests.emulators.discord.interactions import BUTTON, COMMAND
from tests.emulators.discord.screen import show


class Bot:
    """The API without a library in between."""

    def __init__(self, platform: DiscordPlatform, http: aiohttp.ClientSession) -> None:
        self._platform, self._http = platform, http
        self.headers: Any = {}

    async def call(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        url = self._platform.environment()["DISCORD_API_URL"] + path
        authorization = {"Authorization": f"Bot {self._platform.token}"}
        async with self._http.request(method, url, json=body or None, headers=authorization) as answer:
            self.headers = answer.headers
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def send(self, form: aiohttp.FormData) -> tuple[int, Any]:
        """Post a message with files."""
        url = f"{self._platform.environment()['DISCORD_API_URL']}/channels/{self._platform.place('group')}/messages"
        authorization = {"Authorization": f"Bot {self._platform.token}"}
        async with self._http.post(url, data=form, headers=authorization) as answer:
            return answer.status, await answer.json()

    async def download(self, url: str) -> tuple[int, bytes]:
        async with self._http.get(url) as answer:
            return answer.status, await answer.read()

    async def post(self, **body: Any) -> tuple[int, Any]:
        return await self.call("POST", f"/channels/{self._platform.place('group')}/messages", **body)


@asynccontextmanager
async def bot(**options: Any) -> AsyncIterator[tuple[DiscordPlatform, Bot]]:
    async with DiscordPlatform(**options) as platform, aiohttp.ClientSession() as http:
        yield platform, Bot(platform, http)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "x" * 2001}, 50035),
        ({"content": "  "}, 50006),
        ({"content": "x", "flags": 1 << 15}, 50035),
        ({"content": "x", "message_reference": {"message_id": 1}}, 50035),
        ({"content": "x", "nonce": "n" * 26, "enforce_nonce": True}, 50035),
        ({"content": "x", "components": [{"components": [{"custom_id": "a", "label": "A"}] * 2}]}, 50035),
        ({"content": "x", "components": [{"components": [{"custom_id": "a", "label": "A" * 81}]}]}, 50035),
    ],
)
async def test_a_message_that_discord_would_refuse_is_refused(body: dict[str, Any], code: int) -> None:
    async with bot() as (platform, api):
        status, answer = await api.post(**body)
        assert (status, answer["code"]) == (400, code)
        assert platform.bubbles("group") == []


def upload(form: aiohttp.FormData, number: int, content: bytes, **attachment: Any) -> dict[str, Any]:
    form.add_field(f"files[{number}]", io.BytesIO(content), filename="a.png", content_type="application/octet-stream")
    return {"id": number, "filename": "a.png", **attachment}


@pytest.mark.parametrize(
    ("count", "size", "described", "status", "code"),
    [
        (10, 10, 1024, 200, None),
        (11, 10, 0, 400, 50035),
        (1, 10, 1025, 400, 50035),
        (1, (20 << 20) + 1, 0, 413, 40005),
        (2, 13 << 20, 0, 413, 40005),
    ],
)
async def test_files_are_held_to_their_limits(
    count: int, size: int, described: int, status: int, code: int | None
) -> None:
    async with bot() as (platform, api):
        form = aiohttp.FormData(quote_fields=False)
        told = [upload(form, number, bytes(size), description="x" * described) for number in range(count)]
        form.add_field("payload_json", json.dumps({"attachments": told}))
        got, answer = await api.send(form)
        assert (got, answer.get("code")) == (status, code)
        assert [len(bubble.files) for bubble in platform.bubbles("group")] == ([count] if status == 200 else [])


async def test_a_link_works_for_a_day_and_only_as_it_was_signed() -> None:
    async with bot() as (platform, api):
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps({"attachments": [upload(form, 0, b"a cat")]}))
        _, message = await api.send(form)
        url = message["attachments"][0]["url"]
        assert await api.download(url) == (200, b"a cat")
        assert (await api.download(url.replace("ex=", "ex=1")))[0] == 404
        assert (await api.download(url.partition("?")[0]))[0] == 404
        platform.world.cdn.expire_links()
        assert (await api.download(url))[0] == 404
        there = f"/channels/{platform.place('group')}/messages/{message['id']}"
        fresh = (await api.call("GET", there))[1]["attachments"][0]["url"]
        assert fresh != url and await api.download(fresh) == (200, b"a cat")
        await api.call("DELETE", there)
        assert (await api.download(fresh))[0] == 404


async def test_a_nonce_makes_one_message_of_two() -> None:
    async with bot() as (platform, api):
        _, first = await api.post(content="one", nonce="7", enforce_nonce=True)
        _, second = await api.post(content="two", nonce="7", enforce_nonce=True)
        assert first["id"] == second["id"] and second["content"] == "one"
        assert len(platform.bubbles("group")) == 1


async def test_discord_refuses_what_goes_over_an_announced_limit() -> None:
    async with bot(speed=1) as (platform, api):
        for left in (4, 3, 2, 1, 0):
            assert (await api.post(content="x"))[0] == 200
            assert api.headers["X-RateLimit-Remaining"] == str(left)
            assert api.headers["Content-Type"] == "application/json"
        status, answer = await api.post(content="x")
        assert status == 429 and 0 < answer["retry_after"] <= 5
        assert api.headers["Via"] and platform.refusals == 1


async def test_only_what_is_known_and_ours_can_be_changed() -> None:
    async with bot() as (platform, api):
        theirs, there = await platform.say("hello", place="group"), platform.place("group")
        assert (await api.call("PATCH", f"/channels/{there}/messages/{theirs}", content="x"))[1]["code"] == 50005
        assert (await api.call("PATCH", f"/channels/{there}/messages/1", content="x"))[1]["code"] == 10008
        assert (await api.call("PATCH", f"/channels/1/messages/{theirs}", content="x"))[1]["code"] == 10003
        assert (await api.call("GET", "/no/such/thing"))[0] == 404


async def test_history_is_newest_first_and_bounded() -> None:
    async with bot() as (platform, api):
        ids = [await platform.say(str(number), place="group") for number in range(5)]
        there = f"/channels/{platform.place('group')}/messages"
        assert [each["content"] for each in (await api.call("GET", f"{there}?after={ids[1]}"))[1]] == ["4", "3", "2"]
        assert [each["content"] for each in (await api.call("GET", f"{there}?limit=2"))[1]] == ["4", "3"]
        assert (await api.call("GET", f"{there}?limit=101"))[0] == 400


async def test_an_interaction_not_acknowledged_in_time_has_failed() -> None:
    async with bot() as (platform, api):
        platform.interactions.deadline = 0.05
        said = platform.rest.publish(platform.place("group"), {"content": "x"})
        data = {"custom_id": "a", "component_type": 2}
        begun = await platform.interactions.begin(BUTTON, said.channel, platform.world.person("mia"), data)
        assert platform.interactions.failed == 1
        path = f"/interactions/{begun.payload['id']}/{begun.payload['token']}/callback"
        status, answer = await api.call("POST", path, type=6)
        assert (status, answer["code"]) == (404, 10062)


async def test_a_private_reply_is_changed_by_its_token_alone() -> None:
    async with bot() as (platform, api):
        mia = platform.world.person("mia")
        beginning = asyncio.create_task(
            platform.interactions.begin(COMMAND, platform.place("group"), mia, {"name": "new"})
        )
        await asyncio.sleep(0)
        [begun] = platform.interactions.open
        path = f"/webhooks/{platform.world.bot['id']}/{begun.payload['token']}/messages/@original"
        assert (await api.call("DELETE", path))[1]["code"] == 10015, "there is no response yet"
        callback = f"/interactions/{begun.payload['id']}/{begun.payload['token']}/callback"
        await api.call("POST", callback, type=5, data={"flags": 64})
        await beginning
        assert (await api.call("POST", callback, type=5))[1]["code"] == 40060
        [seen] = platform.bubbles("group")
        assert seen.streaming and platform.bubbles("group", who="tom") == []
        in_channel = f"/channels/{platform.place('group')}/messages"
        assert (await api.call("DELETE", f"{in_channel}/{seen.id}"))[1]["code"] == 10008
        assert (await api.call("GET", in_channel))[1] == []
        assert (await api.call("PATCH", path, content="Only for you"))[0] == 200
        assert [(each.text, each.streaming) for each in platform.bubbles("group")] == [("Only for you", False)]
        assert (await api.call("DELETE", path))[0] == 204
        assert platform.bubbles("group") == [] and len(platform.ever_shown("group")) == 1
        assert (await api.call("DELETE", path))[1]["code"] == 10008
        platform.interactions.token_lives = 0.0
        assert (await api.call("DELETE", path))[1]["code"] == 50027


async def test_a_gateway_session_survives_its_connection() -> None:
    async with bot() as (platform, _), aiohttp.ClientSession() as http:
        url = platform.environment()["DISCORD_GATEWAY_URL"] + "?compress=zlib-stream"
        async with http.ws_connect(url) as socket:
            inflate = zlib.decompressobj()

            async def event() -> Any:
                return json.loads(inflate.decompress(await socket.receive_bytes()))

            assert (await event())["op"] == 10
            await socket.send_json({"op": 1, "d": None})
            assert (await event())["op"] == 11
            await socket.send_json({"op": 2, "d": {"token": platform.token, "intents": 1 << 12}})
            ready = await event()
            assert (ready["t"], (await event())["t"]) == ("READY", "GUILD_CREATE")
            await socket.close(code=4000)
        await platform.say("while away")
        await platform.say("not subscribed to", place="group")
        async with http.ws_connect(ready["d"]["resume_gateway_url"]) as socket:
            session = ready["d"]["session_id"]
            await socket.send_json({"op": 6, "d": {"token": platform.token, "session_id": session, "seq": 2}})
            told = [await socket.receive_json() for _ in range(3)]
            assert [each["t"] for each in told] == [None, "MESSAGE_CREATE", "RESUMED"]
            await socket.close(code=1000)
        async with http.ws_connect(ready["d"]["resume_gateway_url"]) as socket:
            await socket.send_json({"op": 6, "d": {"token": platform.token, "session_id": session, "seq": 2}})
            told = [await socket.receive_json() for _ in range(2)]
            assert told[-1]["op"] == 9, "a goodbye ends a session"


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": 2, "d": {"token": "{token}", "intents": 1 << 15}}, 4014),
        ({"op": 3, "d": {}}, 4003),
    ],
)
async def test_a_gateway_connection_that_begins_wrongly_is_closed(first: dict[str, Any], code: int) -> None:
    async with (
        bot(message_content=False) as (platform, _),
        aiohttp.ClientSession() as http,
        http.ws_connect(platform.environment()["DISCORD_GATEWAY_URL"]) as socket,
    ):
        await socket.receive()
        await socket.send_str(json.dumps(first).replace("{token}", platform.token))
        await socket.receive()
        assert socket.close_code == code


def test_the_screen_shows_what_discord_renders_and_nothing_else() -> None:
    content = "# Title\n**bold** *it* ~~no~~ `a*b*` [here](https://x.y)\n- one\n| a |\n#### deep\n```py\n**x**\n```"
    screen = show(content, {})
    assert screen.text == "Title\nbold it no a*b* here\n• one\n| a |\n#### deep\n**x**"
    assert screen.code == ["**x**"] and screen.unfurls
