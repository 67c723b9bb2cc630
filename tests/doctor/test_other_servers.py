"""`cherry-bridge doctor` on OpenAI-compatible servers that are not Cherry Studio."""

from __future__ import annotations

import pytest

from tests.doctor.conftest import Bench
from tests.gateway.openai_server import server


@pytest.mark.parametrize("root", [200, 404])
async def test_it_is_said_and_all_the_rest_is_tried(root: int, bench: Bench) -> None:
    async with server(root=root) as url:
        bench.set(BRIDGE_GATEWAY_URL=url, BRIDGE_MODEL="gpt-4o")
        status, said = await bench.doctor()
    assert status == 0, said
    assert f"ok  gateway   {url} is an OpenAI-compatible server that is not Cherry Studio." in said
    assert "2 models to chat with" in said
    assert "gpt-4o" in next(line for line in said.splitlines() if line.startswith("ok  answer"))


async def test_no_list_of_models_is_no_end(bench: Bench) -> None:
    async with server({"detail": "Not Found"}, status=404) as url:
        bench.set(BRIDGE_GATEWAY_URL=url, BRIDGE_MODEL="gpt-4o")
        status, said = await bench.doctor()
    assert status == 0, said
    assert "has no list of models" in said
    assert "ok  answer" in said


async def test_a_key_that_the_server_refuses(bench: Bench) -> None:
    async with server({"error": {"message": "no", "type": "auth_error"}}, status=401) as url:
        bench.set(BRIDGE_GATEWAY_URL=url, BRIDGE_MODEL="gpt-4o")
        status, said = await bench.doctor()
    assert status == 1
    assert "The key is wrong." in said
