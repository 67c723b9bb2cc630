"""Pictures behind links: fetched from public addresses, and from nowhere else, whatever the link looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from aiohttp import web

from bridge.events import Picture
from bridge.media import links
from bridge.media.links import PictureLinks, linked_pictures
from bridge.media.public_web import PublicWeb, is_public
from tests.media.samples import photo

PNG = photo(format="PNG")


@asynccontextmanager
async def site() -> AsyncIterator[tuple[str, list[str]]]:
    """A site on loopback, and what was asked of it."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        match request.path:
            case "/cat.png":
                return web.Response(body=PNG, content_type="image/png")
            case "/away":
                raise web.HTTPFound("/cat.png")
            case "/inside":
                raise web.HTTPFound("http://10.0.0.1/cat.png")
            case "/round":
                raise web.HTTPFound("/round")
            case "/page":
                return web.Response(text="<html>", content_type="image/png")
            case "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                await response.write(b"\x89PNG\r\n\x1a\n" + bytes(1 << 20))
                for _ in range(20):
                    await response.write(bytes(1 << 20))
                return response
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1"),
    ],
)
def test_an_address_of_nobody_elses_is_not_asked(address: str) -> None:
    assert not is_public(ip_address(address))


def test_an_address_of_the_internet_is() -> None:
    assert is_public(ip_address("1.1.1.1")) and is_public(ip_address("2606:4700:4700::1111"))


async def test_a_linked_picture_is_fetched_with_its_words() -> None:
    async with site() as (url, _):
        found = await PictureLinks(PublicWeb(lambda _: True)).fetch(Picture(url=f"{url}/away", alt="a cat"))
    assert found is not None
    assert (found.data, found.mime, found.alt) == (PNG, "image/png", "a cat")


@pytest.mark.parametrize("path", ["/round", "/page", "/endless", "/nothing", "/inside"])
async def test_what_is_no_picture_stays_a_link(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MAX_LINK_BYTES", 5 << 20)
    async with site() as (url, _):
        only_here = PictureLinks(PublicWeb(lambda address: address.is_loopback))
        assert await only_here.fetch(Picture(url=url + path)) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "user@127.0.0.1"])
async def test_a_link_to_ourselves_is_never_followed(host: str) -> None:
    async with site() as (url, asked):
        port = url.rpartition(":")[2]
        assert await PictureLinks().fetch(Picture(url=f"http://{host}:{port}/cat.png")) is None
    assert asked == []


async def test_several_come_in_their_order() -> None:
    async with site() as (url, _):
        wanted = [Picture(url=f"{url}/{path}", alt=path) for path in ("cat.png", "nothing", "away")]
        found = await PictureLinks(PublicWeb(lambda _: True)).fetch_all(wanted)
    assert [picture.alt for picture in found] == ["cat.png", "away"]


def test_the_pictures_of_a_text_are_those_outside_of_code() -> None:
    text = (
        'Look: ![a cat](https://a.example/cat.png) and ![](<https://b.example/x_(1).png> "title")\n\n'
        "`![no](https://c.example/no.png)`\n\n```\n![no](https://d.example/no.png)\n```\n"
        "![again](https://a.example/cat.png) ![file](file:///etc/passwd) [link](https://e.example/page)"
    )
    assert [(each.url, each.alt) for each in linked_pictures(text)] == [
        ("https://a.example/cat.png", "a cat"),
        ("https://b.example/x_(1).png", ""),
    ]
