"""`cherry-bridge models`: what the gateway offers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.admin.shell.language import terminal_words
from bridge.errors import GatewayError, StoreError
from bridge.gateway import section_name, shortest_ids
from bridge.settings import Settings
from bridge.types import ModelId
from bridge.words import no_models, trouble

if TYPE_CHECKING:
    from bridge.gateway import Quirks


async def models(settings: Settings, *, as_json: bool) -> int:
    """Print the models that the gateway offers. Return 1, with the reason on standard error, where there are none."""
    words = terminal_words(settings)
    async with settings.open_gateways() as gateways:
        try:
            offered = await gateways.models()
        except GatewayError as error:
            print(trouble(error, words, model=None, admin=True), file=sys.stderr)
            return 1
    for unread in gateways.errors.values():
        print(trouble(unread, words, model=None, admin=True).replace("\n\n", " "), file=sys.stderr)
    if as_json:
        quirks = await _quirks(settings) if offered else {}
        rows = [
            {
                "id": str(model.id),
                "name": model.name,
                "provider": model.provider_name,
                "quirks": sorted(quirks.get(model.id, ())),
                **({"gateway": model.gateway} if model.gateway else {}),
            }
            for model in offered
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    if not offered:
        print(no_models(words, gateways.name), file=sys.stderr)
        return 1
    if not as_json:
        ids = shortest_ids(offered)
        width = max(map(len, ids.values()))
        for model in offered:
            print(f"{ids[model.id]:<{width}}  {section_name(model)}")
    return 1 if gateways.errors else 0


async def _quirks(settings: Settings) -> Mapping[ModelId, Quirks]:
    """What models were found to refuse; nothing where the store cannot be read."""
    from bridge.store import RedisQuirks, open_store

    try:
        async with open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store:
            return await RedisQuirks(store.redis).all()
    except StoreError:
        return {}
