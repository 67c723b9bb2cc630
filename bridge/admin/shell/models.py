"""`cherry-bridge models`: what the gateway offers."""

from __future__ import annotations

import json
import sys

from bridge.admin.shell.language import terminal_words
from bridge.errors import GatewayError
from bridge.settings import Settings
from bridge.words import trouble


async def models(settings: Settings, *, as_json: bool) -> int:
    """Print the models that the gateway offers. Return 1, with the reason on standard error, where it is not there."""
    async with settings.gateway() as gateway:
        try:
            offered = await gateway.models()
        except GatewayError as error:
            print(trouble(error, terminal_words(settings), model=None, admin=True), file=sys.stderr)
            return 1
    if as_json:
        rows = [{"id": str(model.id), "name": model.name, "provider": model.provider_name} for model in offered]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    width = max((len(str(model.id)) for model in offered), default=0)
    for model in offered:
        print(f"{model.id!s:<{width}}  {model.provider_name}")
    return 0
