"""The emulator keeps Feishu's rules: what the adapter's tests rely on is asked of it by hand."""

from __future__ import annotations

import json
from typing import Any

import httpx

from channels.feishu import cards
from channels.feishu.frame import Frame
from tests.emulators.feishu import FeishuStage, Rules, frames
from tests.emulators.feishu.tenant import APP_ID, APP_SECRET

CARD = cards.card("text", summary="", streaming=True)


class Bot:
    """A bot that does as it is told, without any sense."""

    def __init__(self, stage: FeishuStage, client: httpx.AsyncClient) -> None:
        self._client = client
        self._stage = stage

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
    async with FeishuStage() as stage, httpx.AsyncClient(base_url=stage.server.base) as client:
        bot = Bot(stage, client)
        assert (await bot.send("text", {"text": "x"}))["code"] == 99991663
        await bot.token()
        first = await bot.send("text", {"text": "one"}, "same")
        assert (await bot.send("text", {"text": "two"}, "same"))["data"] == first["data"]
        stage.tenant.clock.skipped = 3700
        await bot.token()
        assert (await bot.send("text", {"text": "two"}, "same"))["data"] != first["data"]
        codes = [(await bot.send("text", {"text": "x"}, to="oc_tom"))["code"] for _ in range(6)]
        assert codes == [0] * 5 + [230020]
        edit = {"msg_type": "text", "content": '{"text": "x"}'}
        path = f"/im/v1/messages/{first['data']['message_id']}"
        edits = [(await bot.call("PUT", path, **edit))["code"] for _ in range(21)]
        assert edits == [0] * 20 + [230072]
        assert (await bot.send("text", {"text": "x" * 160_000}, to="oc_ann"))["code"] == 230025
        assert stage.refusals == 1


async def test_the_rules_of_cards() -> None:
    async with FeishuStage() as stage, httpx.AsyncClient(base_url=stage.server.base) as client:
        bot = Bot(stage, client)
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
        stage.tenant.clock.skipped = 601
        assert [await bot.content(other, "x", 1), await bot.content(other, "x", 1)] == [200850, 300309]
        settings = cards.settings(streaming=True, summary="")
        reopened = await bot.call("PATCH", f"/cardkit/v1/cards/{other}/settings", settings=settings, sequence=1)
        assert reopened["code"] == 0 and await bot.content(other, "y", 2) == 0
        busy = await bot.card()
        codes = [await bot.content(busy, "x" * n, n) for n in range(1, 13)]
        assert codes[:10] == [0] * 10 and 99991400 in codes


async def test_a_thousand_calls_a_minute() -> None:
    async with FeishuStage(Rules(per_second=10_000)) as stage, httpx.AsyncClient(base_url=stage.server.base) as client:
        bot = Bot(stage, client)
        await bot.token()
        for _ in range(1000):
            stage.tenant.rates.take("bot a minute", 1000, 60.0)
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
