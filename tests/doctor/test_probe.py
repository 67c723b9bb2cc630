"""The requests of the channels' checks: bounded, and without a word of the address where they fail."""

from __future__ import annotations

import asyncio
import traceback

import pytest
from aiohttp import web

from bridge.diagnostics import Sentence
from channels.kit import probe
from channels.kit.probe import Probe, Response, Unreachable, check_clock
from tests.doctor.breakages import serve
from tests.doctor.conftest import DoctorRig, closed_port

SECRET = "123456:AAbbccddeeffgghhiijjkkllmmnnooppqq"


@pytest.mark.parametrize("root", ["http://127.0.0.1:{port}/bot", "not an address/bot", "http://[/bot"])
async def test_an_error_holds_no_address(root: str) -> None:
    async with Probe(root.format(port=closed_port()) + SECRET) as api:
        with pytest.raises(Unreachable) as caught:
            await api.get("/getMe")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_says_nothing_is_left(rig: DoctorRig) -> None:
    async def silent(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with Probe(await serve(rig, silent)) as api:
        with pytest.raises(Unreachable):
            await api.post("/", {}, timeout=0.1)


async def test_an_endless_body_is_not_read_to_its_end(rig: DoctorRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MAX_BODY_BYTES", 1000)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"[" * 1000)

    async with Probe(await serve(rig, endless)) as api:
        assert (await api.get("/")).body is None


@pytest.mark.parametrize(("offset", "reported"), [(0.0, []), (59.0, []), (61.4, ["61 s off"])])
def test_a_clock_that_is_too_far_off_is_reported(offset: float, reported: list[str]) -> None:
    found = check_clock(Response(200, {}, offset), Sentence("{seconds} s off"), "relay")
    assert [each.text for each in found] == reported
