"""Whose model it is: no two buttons read the same, whatever the gateway calls things, and all of it can be found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.commands.model_menu import MAX_LABEL_LENGTH, buttons_for, distinct
from bridge.gateway import Gateway, labelled, usable_models
from bridge.store import RedisQuirks, Store
from bridge.types import ModelId
from bridge.words import EN
from tests.emulators.gateway import Provider
from tests.emulators.servers import ServerEmulator
from tests.harness import HOME, OWNER, BridgeInProcess, bridge_in_process, direct, person

IDS = ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f25a1b2-7c44-4e0d-8a11-93a1c2d4e5f6", "silicon", "openrouter")


@pytest.fixture
async def bridge(store: Store, tmp_path: Path) -> AsyncIterator[BridgeInProcess]:
    """At v2, which names the maker of each model: these four sell the same ones."""
    async with bridge_in_process(store, tmp_path, generation="C") as bridge:
        models = {"gpt-5": "GPT-5", "gpt-5-mini": "GPT-5 mini"}
        bridge.gateway.providers = [Provider(id, "unused", "openai", models) for id in IDS]
        bridge.gateway.providers.append(Provider("fake-openai", "unused", "openai", {"ok": "OK"}))
        yield bridge


async def buttons(bridge: BridgeInProcess, text: str) -> dict[str, str]:
    """The labels of the buttons under the answer, and what they send."""
    await bridge.say(text)
    return {button.label: button.command for button in bridge.shown_in(HOME)[-1].buttons}


async def test_four_providers_of_one_maker(bridge: BridgeInProcess) -> None:
    await bridge.say("/model")
    labels = [button.label for button in bridge.shown_in(HOME)[-1].buttons]
    assert len({label.casefold() for label in labels}) == len(labels) == 5
    assert {"silicon (2)", "openrouter (2)"} <= set(labels)
    assert {"openai 3f25 (3f250) (2)", "openai 3f25 (3f25a) (2)"} <= set(labels)
    assert "There is no model “硅基”" in await bridge.say("/model 硅基")


async def test_a_name_that_an_admin_sets_is_shown_and_found(bridge: BridgeInProcess) -> None:
    anna = person("anna", "Anna")
    await bridge.say("/allow fake:anna")
    assert await bridge.say("/models name silicon Mine", anna, direct(anna)) == "Only admins can do that."
    assert await bridge.say("/models name silicon 硅基流动") == "`silicon` is called **硅基流动** now."
    assert await bridge.say(f"/models name {IDS[0]} 公司") == f"`{IDS[0]}` is called **公司** now."
    assert await bridge.say("/models name silicon:gpt-5 五号") == "`silicon:gpt-5` is called **五号** now."
    offered = await buttons(bridge, "/model")
    assert offered["硅基流动 (2)"] == "/model silicon:"
    assert "公司 (2)" in offered
    assert await buttons(bridge, "/model 硅基") == {
        "硅基流动 · 五号": "/model silicon:gpt-5",
        "硅基流动 · gpt-5-mini": "/model silicon:gpt-5-mini",
    }
    assert await bridge.say("/model 公司 mini") == "Now: 公司 · gpt-5-mini"
    assert await bridge.say("/model 五号") == "Now: 硅基流动 · 五号"
    assert "**硅基流动**\n- `silicon:gpt-5`" in await bridge.say("/models")
    assert [each.label for each in await bridge.app.commands.suggest("model", "硅基", OWNER, HOME, EN)] == [
        "硅基流动 · 五号",
        "硅基流动 · gpt-5-mini",
    ]
    assert "- `silicon`: 硅基流动" in await bridge.say("/models name")
    assert await bridge.say("/models name silicon") == "`silicon` has the gateway's name for it again."
    assert "silicon (2)" in await buttons(bridge, "/model")
    assert "There is no model “nobody”" in await bridge.say("/models name nobody Somebody")


async def test_a_provider_is_named_by_its_label_or_the_beginning_of_its_id(bridge: BridgeInProcess) -> None:
    assert "is called **A** now" in await bridge.say("/models name silic A")
    assert "There is no model “3f25”" in await bridge.say("/models name 3f25 B"), "two of them begin so"
    assert f"`{IDS[1]}` is called **B** now" in await bridge.say(f"/models name {IDS[1]} B")
    assert "`silicon` is called **C** now" in await bridge.say("/models name A C")


async def test_what_was_learned_is_forgotten(bridge: BridgeInProcess) -> None:
    quirks = RedisQuirks(bridge.app.store.redis)
    await quirks.put(ModelId("fake-openai", "ok"), frozenset({"no_streaming"}))
    await bridge.app.commands.picker._gateways.quirks.put(ModelId("fake-openai", "ok"), frozenset({"no_streaming"}))
    lists = bridge.gateway.lists
    bridge.gateway.providers.pop(0)
    said = await bridge.say("/models fresh")
    assert said == "The list has been read again (7 models), and what models refused is forgotten."
    assert bridge.gateway.lists == lists + 1
    assert not await bridge.app.commands.picker._gateways.quirks.all()


async def test_plurals(bridge: BridgeInProcess) -> None:
    bridge.gateway.providers = bridge.gateway.providers[-1:]
    assert (await bridge.say("/models")).startswith("1 model\n")
    bridge.gateway.providers[0].models["more"] = "More"
    assert (await bridge.say("/models")).startswith("2 models\n")
    assert (await bridge.say("/model fake-openai:")).startswith("fake-openai: 2 models")


async def test_ids_without_a_provider_are_taken_everywhere(bridge: BridgeInProcess) -> None:
    assert "- `model`: `gpt-4o`" in await bridge.say("/chat model gpt-4o")
    assert "✓ `gpt-4o`" in await bridge.say("/models allow gpt-4o")
    assert "is not a value" in await bridge.say("/models allow openai"), "mostly a slip"


async def test_while_the_gateway_is_away_one_word_is_no_model(bridge: BridgeInProcess) -> None:
    await bridge.gateway.stop()
    assert "is not answering" in await bridge.say("/model gpt")
    assert "Now: silicon:gpt-5" in await bridge.say("/model silicon:gpt-5"), "a full id is taken on trust"


async def test_servers_without_providers_are_one_list_or_makers() -> None:
    async with ServerEmulator("openrouter") as server, Gateway(server.url) as gateway:
        assert {model.group for model in await gateway.models()} == {""}
        server.models += [f"openai/gpt-{n}" for n in range(30)]
        models = await gateway.models(fresh=True)
        assert {model.group: model.provider_name for model in models} == {
            "openai": "openai",
            "anthropic": "anthropic",
            "deepseek": "deepseek",
        }
        assert [button.label for button in buttons_for(models[:3], 64)] == [
            "openai · Openai: gpt-4o",
            "anthropic · Anthropic: claude-sonnet-4.5",
            "deepseek · Deepseek: deepseek-r1:free",
        ]


words = st.text(alphabet="aAäB硅基 -·()", min_size=0, max_size=70)
ids = st.from_regex(r"[a-c][a-c0-9-]{0,30}", fullmatch=True)
entries = st.lists(
    st.fixed_dictionaries({"provider": ids, "model": ids, "owned_by": words, "name": words}), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=150)
@given(entries=entries, names=st.dictionaries(ids, words, max_size=4))
@example(
    entries=[{"provider": "a", "model": each, "owned_by": "", "name": "x" * 60 + each} for each in ("a", "b")], names={}
)
def test_no_two_buttons_read_the_same(entries: list[dict[str, str]], names: dict[str, str]) -> None:
    listed = [{**entry, "id": f"{entry['provider']}:{entry['model']}"} for entry in entries]
    models = labelled(usable_models(listed), names)
    labels = [button.label for button in buttons_for(models, 64)]
    groups = {model.group: model.provider_name for model in models}
    providers = distinct([(f"{name} (1)", group) for group, name in groups.items()])
    for shown in (labels, providers):
        assert len({label.casefold() for label in shown}) == len(shown)
        assert all(len(label) <= MAX_LABEL_LENGTH for label in shown)
