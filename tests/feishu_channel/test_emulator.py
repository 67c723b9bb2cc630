"""The emulator keeps Feishu's rules: what the adapter's tests rely on is asked of it by hand."""

from __future__ import annotations

import json
from typing import Any

import httpx

from channels.feishu import aside, cards
from channels.feishu.frame import Frame
from tests.emulators.feishu import FeishuPlatform, Rules, frames
from tests.emulators.feishu.tenant import APP_ID, APP_SECRET
from tests.feishu_channel.samples import png

CARD = cards.card("text", summary="", streaming=True)


class Bot:
    """A bot that does as it is told, without any sense."""

    def __init__(self, platform: FeishuPlatform, client: httpx.AsyncClient) -> None:
        self._client = client
        self._platform = platform

    async def token(self) -> None:
        credentials = {"app_id": APP_ID, "app_secret": APP_SECRET}
        answer = await self._client.post("/open-apis/auth/v3/tenant_access_token/internal", json=credentials)
        self._client.headers["Authorization"] = f"Bearer {answer.json()['tenant_access_token']}"

    async def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await self._client.request(method, f"/open-apis{path}", json=body)).json()
        return answer

    async def send(self, kind: str, content: Any, uuid: str = "", to: str = "oc_mia") -> dict[str, Any]:
        body = {"receive_id": to, "msg_type": kind, "content": json.dumps(content), "uuid": uuid}
        return await self.call("POST", "/im/v1/messages?receive_id_type=chat_id", **body)

    async def card(self) -> str:
        made = await self.call("POST", "/cardkit/v1/cards", type="card_json", data=CARD)
        return str(made["data"]["card_id"])

    async def content(self, card: str, text: str, sequence: int) -> int:
        path = f"/cardkit/v1/cards/{card}/elements/{cards.TEXT}/content"
        return int((await self.call("PUT", path, content=text, sequence=sequence))["code"])


async def test_the_rules_of_messages() -> None:
    async with FeishuPlatform() as platform, httpx.AsyncClient(base_url=platform.server.base) as client:
        bot = Bot(platform, client)
        assert (await bot.send("text", {"text": "x"}))["code"] == 99991663
        await bot.token()
        first = await bot.send("text", {"text": "one"}, "same")
        assert (await bot.send("text", {"text": "two"}, "same"))["data"] == first["data"]
        platform.tenant.clock.skipped = 3700
        await bot.token()
        assert (await bot.send("text", {"text": "two"}, "same"))["data"] != first["data"]
        codes = [(await bot.send("text", {"text": "x"}, to="oc_tom"))["code"] for _ in range(6)]
        assert codes == [0] * 5 + [230020]
        edit = {"msg_type": "text", "content": '{"text": "x"}'}
        path = f"/im/v1/messages/{first['data']['message_id']}"
        edits = [(await bot.call("PUT", path, **edit))["code"] for _ in range(21)]
        assert edits == [0] * 20 + [230072]
        assert (await bot.send("text", {"text": "x" * 160_000}, to="oc_ann"))["code"] == 230025
        assert platform.refusals == 1


async def test_the_rules_of_cards() -> None:
    async with FeishuPlatform() as platform, httpx.AsyncClient(base_url=platform.server.base) as client:
        bot = Bot(platform, client)
        await bot.token()
        card = await bot.card()
        sent = {"type": "card", "data": {"card_id": card}}
        assert (await bot.send("interactive", sent))["code"] == 0
        assert (await bot.send("interactive", sent))["code"] == 230099  # an entity is sent once
        assert await bot.content(card, "x", 0) == await bot.content(card, "x", 2**31) == 300317
        assert await bot.content(card, "x", 5) == 0
        assert await bot.content(card, "x", 5) == 300317
        assert await bot.content(card, "", 6) == 10002
        assert await bot.content(card, "![x](https://e.org)", 6) == 230099
        assert await bot.content(card, "| a |\n|---|\n\n" * 4, 6) == 230099
        other = await bot.card()
        platform.tenant.clock.skipped = 601
        assert [await bot.content(other, "x", 1), await bot.content(other, "x", 1)] == [200850, 300309]
        settings = cards.settings(streaming=True, summary="")
        reopened = await bot.call("PATCH", f"/cardkit/v1/cards/{other}/settings", settings=settings, sequence=1)
        assert reopened["code"] == 0 and await bot.content(other, "y", 2) == 0
        busy = await bot.card()
        codes = [await bot.content(busy, "x" * n, n) for n in range(1, 13)]
        assert codes[:10] == [0] * 10 and 99991400 in codes


async def test_the_rules_of_folded_panels() -> None:
    async with FeishuPlatform() as platform, httpx.AsyncClient(base_url=platform.server.base) as client:
        bot = Bot(platform, client)
        await bot.token()
        good = json.loads(cards.card("text", summary="", streaming=True, aside_text="an\n\naside", aside_title="Title"))
        made = await bot.call("POST", "/cardkit/v1/cards", type="card_json", data=json.dumps(good))
        await bot.send("interactive", {"type": "card", "data": made["data"]})
        path = f"/cardkit/v1/cards/{made['data']['card_id']}/elements/{aside.ELEMENT}/content"
        assert (await bot.call("PUT", path, content="asides", sequence=1))["code"] == 0
        (bubble,) = platform.bubbles()
        assert (bubble.text, bubble.aside) == ("text", "asides")
        panel = good["body"]["elements"][0]
        wrongs: tuple[dict[str, Any], ...] = ({"color": "red"}, {"header": {}}, {"elements": [{"tag": "form"}]})
        for wrong in wrongs:
            good["body"]["elements"][0] = {**panel, **wrong}
            assert (await bot.send("interactive", good))["code"] == 230099
        good["body"]["elements"][0] = {**panel, "elements": [{"tag": "markdown", "content": "| a |\n|---|\n\n" * 4}]}
        assert (await bot.send("interactive", good))["code"] == 230099  # tables count, folded or not


async def test_the_rules_of_files() -> None:
    async with (
        FeishuPlatform(Rules(per_chat=100)) as platform,
        httpx.AsyncClient(base_url=platform.server.base) as client,
    ):
        bot = Bot(platform, client)
        await bot.token()

        async def upload(path: str, content: bytes, **fields: str) -> dict[str, Any]:
            field = "image" if path == "images" else "file"
            answer = await client.post(f"/open-apis/im/v1/{path}", data=fields, files={field: content})
            told: dict[str, Any] = answer.json()
            return told

        async def image(content: bytes) -> int:
            return int((await upload("images", content, image_type="message"))["code"])

        huge = png() + bytes(10 * 1024 * 1024)
        assert [await image(each) for each in (png(), b"", b"text", png(12_001), huge)] == [
            0,
            234010,
            234011,
            234039,
            234006,
        ]
        picture = (await upload("images", png(), image_type="message"))["data"]["image_key"]
        voice, plain = [
            (await upload("files", b"x", file_type=kind, file_name="a.b"))["data"]["file_key"]
            for kind in ("opus", "pdf")
        ]
        assert (await upload("files", b"x", file_type="docx", file_name="a"))["code"] == 234001
        sent = [
            (await bot.send(kind, {name: key}))["code"]
            for kind, name, key in [
                ("image", "image_key", picture),
                ("audio", "file_key", voice),
                ("file", "file_key", plain),
                ("file", "file_key", voice),
                ("audio", "file_key", plain),
                ("image", "image_key", "img_unknown"),
            ]
        ]
        assert sent == [0, 0, 0, 230055, 230055, 230001]
        message = platform.bubbles()[0].id
        for key, kind, code in [(picture, "file", 234001), (plain, "file", 234003)]:
            told = await bot.call("GET", f"/im/v1/messages/{message}/resources/{key}?type={kind}")
            assert told["code"] == code
        found = await client.get(f"/open-apis/im/v1/messages/{message}/resources/{picture}?type=image")
        assert found.content == png() and found.headers["Content-Type"] == "image/png"


async def test_a_thousand_calls_a_minute() -> None:
    async with (
        FeishuPlatform(Rules(per_second=10_000)) as platform,
        httpx.AsyncClient(base_url=platform.server.base) as client,
    ):
        bot = Bot(platform, client)
        await bot.token()
        for _ in range(1000):
            platform.tenant.rates.take("bot a minute", 1000, 60.0)
        answer = await client.get("/open-apis/bot/v3/info")
        assert answer.status_code == 429 and float(answer.headers["x-ogw-ratelimit-reset"]) > 1


def test_both_codecs_read_each_others_frames() -> None:
    headers = {"type": "event", "message_id": "m", "sum": "1"}
    theirs = frames.Frame(frames.DATA, headers, b"payload", 77, seq=2**63, log=5, extra={9: b"new"})
    ours = Frame.decode(theirs.encode())
    assert (ours.method, ours.headers, ours.payload) == (1, headers, b"payload")
    back = frames.Frame.decode(ours.answer(b"done", 12).encode())
    assert back.headers == {**headers, "biz_rt": "12"} and back.payload == b"done"
    assert (back.seq, back.log, back.service, back.extra) == (2**63, 5, 77, {9: b"new"})
    ping = frames.Frame.decode(Frame.ping(77).encode())
    assert (ping.method, ping.headers, ping.service) == (0, {"type": "ping"}, 77)
