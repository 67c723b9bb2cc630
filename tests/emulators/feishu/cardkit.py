"""CardKit: card entities, one rising sequence each, and a streaming mode that ends by itself."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.emulators.feishu import screen
from tests.emulators.feishu.rules import Fault
from tests.emulators.feishu.tenant import Card, Tenant

SEQUENCE = range(1, 2**31)
FOURTEEN_DAYS = 14 * 86400


class CardKit:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[tuple[str, str, str, Any]]:
        return [
            ("POST", "/cardkit/v1/cards", "card.create", self.create),
            ("PUT", "/cardkit/v1/cards/{card}", "card.update", self.update),
            ("PATCH", "/cardkit/v1/cards/{card}/settings", "card.settings", self.settings),
            ("PUT", "/cardkit/v1/cards/{card}/elements/{element}/content", "card.content", self.content),
        ]

    async def create(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        if body["type"] != "card_json":
            raise Fault(10002, "Your request contains an invalid request parameter.")
        card = self._tenant.new_card(self._tenant.check_card(body["data"], too_large=200860))
        return {"data": {"card_id": card.id}}

    async def update(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        card = self._card(request, body)
        data = self._tenant.check_card(body["card"]["data"], too_large=200860)
        self._done(card, body)
        card.data = data
        card.streaming = bool(data.get("config", {}).get("streaming_mode"))
        self._shown(card)
        return {"data": {}}

    async def settings(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        card = self._card(request, body)
        config = json.loads(body["settings"]).get("config", {})
        self._done(card, body)
        card.data.setdefault("config", {}).update(config)
        if "streaming_mode" in config:
            card.streaming, card.ended = config["streaming_mode"], False
            card.opened_at = self._tenant.clock.now()
        return {"data": {}}

    async def content(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        card = self._card(request, body)
        if card.streaming and self._tenant.clock.now() - card.opened_at > self._tenant.rules.stream_open:
            card.streaming = False
            raise Fault(self._tenant.rules.stream_end_code, "Card streaming timeout")
        if not card.streaming:
            raise Fault(300309, "ErrMsg: streaming mode is closed;")
        if not 1 <= len(body["content"]) <= 100_000:
            raise Fault(10002, "Your request contains an invalid request parameter.")
        elements = screen.elements(card.data["body"]["elements"])
        element = next((each for each in elements if each.get("element_id") == request.match_info["element"]), None)
        if element is None or element["tag"] not in ("markdown", "plain_text"):
            raise Fault(300313, "ErrMsg: not find elementID")
        before = element["content"]
        element["content"] = body["content"]
        try:
            self._tenant.check_seen(screen.card(card.data))
            if len(json.dumps(card.data, ensure_ascii=False).encode()) > self._tenant.rules.card_bytes:
                raise Fault(200860, "Card content exceeds limit.")
        except Fault:
            element["content"] = before
            raise
        self._done(card, body)
        self._shown(card)
        return {"data": {}}

    def _card(self, request: web.Request, body: dict[str, Any]) -> Card:
        tenant = self._tenant
        card = tenant.cards.get(request.match_info["card"])
        if card is None:
            raise Fault(200740, "The card entity does not exist")
        if tenant.clock.now() - card.made_at > FOURTEEN_DAYS:
            raise Fault(200750, "The card entity has expired")
        tenant.rates.take(f"card {card.id}", tenant.rules.per_card, 1.0)
        if card.pressed:
            raise Fault(200810, "The card is in an ongoing interaction and cannot be updated")
        if body.get("sequence") not in SEQUENCE or body["sequence"] <= card.sequence:
            raise Fault(300317, "ErrMsg: sequence number compare failed;")
        return card

    def _done(self, card: Card, body: dict[str, Any]) -> None:
        card.sequence = body["sequence"]

    def _shown(self, card: Card) -> None:
        if card.message is not None:
            card.message.shown()
