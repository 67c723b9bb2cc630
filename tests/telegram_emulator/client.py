"""The real `telegram.Bot`, pointed at the emulator."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest

from tests.emulators.telegram import Rules, TelegramPlatform

UNHURRIED = Rules(chat_burst=1000, group_max=1000)


def bot_at(platform: TelegramPlatform, token: str = "") -> Bot:
    url = platform.environment()["TELEGRAM_API_URL"]
    return Bot(token or platform.server.token, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot")


async def updates(bot: Bot, offset: int = 0) -> list[Update]:
    return list(await bot.get_updates(offset=offset, timeout=20))


def mia(platform: TelegramPlatform) -> int:
    return platform.person("mia").id


def keys(label: str = "Stop", data: str = "/stop") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data)]])


def refuses(reason: str) -> pytest.RaisesExc[BadRequest]:
    return pytest.raises(BadRequest, match=re.escape(reason))


async def post(platform: TelegramPlatform, path: str, **how: Any) -> tuple[int, Any, aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{platform.server.url}/{path}", **how)
        return answer.status, await answer.json(content_type=None), answer
