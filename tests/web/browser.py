"""The distribution's Chromium, as people have it, and axe-core, which reads a page as a screen reader would."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

SERIOUS = ("serious", "critical")
SEEN = Path(os.environ.get("SCREENSHOTS", "")) if os.environ.get("SCREENSHOTS") else None
"""Where pictures of what the tests saw are kept; nowhere where it is not set."""


def missing() -> str:
    """Why there is no browser; empty where there is one."""
    return "" if shutil.which("chromium") else "no chromium"


@asynccontextmanager
async def opened() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def findings(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong with the page as it stands, if it is serious."""
    results = await Axe().run(page)
    return [
        {"rule": each["id"], "nodes": [node["html"] for node in each["nodes"]]}
        for each in results.response["violations"]
        if each["impact"] in SERIOUS
    ]


async def keep(page: Page, name: str) -> None:
    """Keep a picture of what the test saw."""
    if SEEN is not None:
        SEEN.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SEEN / f"{name}.png", full_page=True)


async def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
