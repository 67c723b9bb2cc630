"""The knowledge bases of a gateway, in the shapes of each generation, and of several gateways at once."""

from __future__ import annotations

import pytest

from bridge.errors import GatewayError, ProviderRefused
from bridge.gateway import Gateway
from bridge.knowledge import Knowledge
from bridge.store import Store
from bridge.types import Chat
from tests.emulators.gateway import GatewayEmulator, Generation, Passage
from tests.emulators.gateway.server import id_of

HERE = Chat("fake", "1", direct=True)
LONG = "word " * 1000


@pytest.mark.parametrize("generation", ["B", "C"])
async def test_bases_and_what_is_found(generation: Generation) -> None:
    async with GatewayEmulator(generation) as server, Gateway(server.url, server.key) as gateway:
        server.bases = {
            f"Base {n}": [Passage(f"Passage {n}.{m}.", "/a/b.pdf", m) for m in range(1, 9)] for n in range(30)
        }
        bases = await gateway.knowledge.bases()
        assert len(bases) == 30 and bases[0].name == "Base 0", "more than a page by default"
        found = await gateway.knowledge.search(LONG, [bases[3].id], 6)
        assert [each.text for each in found] == [f"Passage 3.{m}." for m in range(1, 7)]
        assert (found[0].base, found[0].source, found[0].where) == ("Base 3", "/a/b.pdf", "1")
        assert len(server.searches[-1]["query"]) == 1000
        with pytest.raises(ProviderRefused):
            await gateway.knowledge.search("x", ["gone"], 6)
        server.knowledge_away = True
        with pytest.raises(GatewayError) as away:
            await gateway.knowledge.search("x", [], 6)
        assert not isinstance(away.value, ProviderRefused)


async def test_one_without_any_has_no_route() -> None:
    async with GatewayEmulator("A") as server, Gateway(server.url, server.key) as gateway:
        with pytest.raises(ProviderRefused):
            await gateway.knowledge.bases()


async def test_each_base_is_asked_at_its_gateway(store: Store) -> None:
    async with (
        GatewayEmulator("B") as one,
        GatewayEmulator("C") as two,
        Gateway(one.url, one.key, id="home") as home,
        Gateway(two.url, two.key, id="work") as work,
    ):
        one.bases = {"Notes": [Passage("At home.", "https://wiki.example/a/Cats?x=1")]}
        two.bases = {"Rules": [Passage("At work.", "C:\\docs\\rules.docx"), Passage("More.")]}
        knowledge = Knowledge(store.documents, [home, work])
        bases = await knowledge.bases()
        assert [each.key for each in bases.all] == [f"{id_of('Notes')}@home", f"{id_of('Rules')}@work"]
        found = await knowledge.find(HERE, "where?", [bases.all[1].key], own=False)
        assert [each.document for each in found.passages] == ["rules.docx (Rules)", "Rules"]
        assert not one.searches
        await knowledge.add(HERE, "own.txt", "Where? In the chat.", 3600)
        found = await knowledge.find(HERE, "chat?", None, own=True)
        assert [each.text for each in found.passages] == ["Where? In the chat.", "At home.", "At work.", "More."]
        assert found.passages[1].document == "Cats (Notes)"
        one.bases = None
        found = await knowledge.find(HERE, "where?", None, own=True)
        assert found.problem == "absent" and len(found.passages) == 2, "what the others have is used"
