"""What a chat has chosen for itself, on the page: what `/model`, `/reasoning`, `/buttons`, `/kb` and `/tools` do."""

from __future__ import annotations

from bridge.access import SHELL
from bridge.types import Chat
from tests.harness import HOME, BridgeInProcess, group, person
from tests.web.conftest import Client, trail

PATH = "/chats/fake:boss/chosen"
MIA = person("mia", "Mia")


async def undo(owner: Client) -> str:
    shown = await owner.get("/changes")
    return (await owner.post("/changes/undo", {"id": shown.hidden("id")})).text if "Undo" in shown.text else "no undo"


async def test_how_answers_look_is_chosen_and_taken_back(owner: Client, bridge: BridgeInProcess) -> None:
    shown = await owner.get(PATH)
    assert '<option value="brief" selected>Show how long</option>' in shown.text
    form = {"part": "answers", "model": "", "reasoning": "full", "buttons": "all", "later": "on"}
    assert "Saved." in (await owner.post(PATH, form)).text
    assert await trail(bridge) == [
        (f"choice {name} fake:boss", before, after)
        for name, before, after in (
            ("buttons", "few", "all"),
            ("reasoning", "brief", "full"),
            ("later", "default", "on"),
        )
    ]
    assert "I show what it thinks" in await bridge.say("/reasoning")
    assert "all the buttons" in await bridge.say("/buttons")
    assert "messages here wait" in await bridge.say("/later")
    assert "Undone." in await undo(owner)
    assert "the most useful buttons" in await bridge.say("/buttons")
    [undone, *_] = await trail(bridge)
    assert undone == ("choice buttons fake:boss", "all", "few")
    await bridge.say("/buttons off")
    assert "nothing was undone" in await undo(owner)
    for part in ("answers", "other", ""):
        wrong = await owner.post(PATH, {"part": part, "reasoning": "loud"} if part == "answers" else {"part": part})
        assert wrong.status == 400, part
    assert (await trail(bridge))[0] == undone


async def test_a_model_is_chosen_that_may_be_used(owner: Client, bridge: BridgeInProcess) -> None:
    await bridge.say("/models deny *:cut*")
    await owner.get(PATH)
    for model in ("nobody", "fake-openai:cut-off", "<b>:x"):
        refused = await owner.post(PATH, {"part": "answers", "model": model, "reasoning": "full"})
        assert (refused.status, "<b>" in refused.text) == (422, False), model
    assert "brief" in str(await bridge.app.store.preferences.reasoning(HOME))
    await owner.post(PATH, {"part": "answers", "model": "fake-openai:slow"})
    assert "fake-openai:slow" in (await owner.get(PATH)).text
    assert str(await bridge.app.store.preferences.model(HOME)) == "fake-openai:slow"
    await owner.post(PATH, {"part": "answers", "model": ""})
    assert await bridge.app.store.preferences.model(HOME) is None
    assert (await trail(bridge))[0] == ("choice model fake:boss", "fake-openai:slow", "default")


async def test_tools_are_allowed_one_by_one(owner: Client, bridge: BridgeInProcess) -> None:
    shown = await owner.get(PATH)
    assert "Built in (" in shown.text
    tool = "calculator"
    assert f'name="bridge/{tool}"' in shown.text
    await owner.post(PATH, {"part": "tools", "on": "on", f"bridge/{tool}": "never"})
    assert (await trail(bridge))[0] == ("choice tools fake:boss", "", f"on, bridge/{tool} never")
    assert "**Tools are on here.**" in await bridge.say("/tools")
    assert f"`{tool}`: never" in await bridge.say("/tools bridge")
    await owner.post(PATH, {"part": "tools", "on": "", "bridge/*": "ask", f"bridge/{tool}": "always"})
    assert (await trail(bridge))[0] == ("choice tools fake:boss", "", "default, bridge/* ask")
    assert f"`{tool}`: after a question" in await bridge.say("/tools bridge")
    assert "**Tools are off here.**" in await bridge.say("/tools")
    assert await undo(owner) == "no undo"
    await bridge.say("/tools on")
    assert (await trail(bridge))[0] == ("choice tools fake:boss", "", "on")
    assert await undo(owner) == "no undo", "no setting of the chat was changed"


async def test_knowledge_is_picked(owner: Client, bridge: BridgeInProcess) -> None:
    bridge.gateway.bases = {"Manuals": []}
    key = (await owner.get(PATH)).text.partition('name="base" value="')[2].partition('"')[0]
    assert key
    await owner.post(PATH, {"part": "knowledge", "base": key, "own": "1", "use": "tool"})
    assert (await trail(bridge))[0] == ("choice knowledge fake:boss", "", f"+{key} +own tool")
    said = await bridge.say("/kb")
    assert "The model searches it when it wants to." in said
    assert "documents of this chat (0)" in said
    assert "checked" in (await owner.get(PATH)).text
    await owner.post(PATH, {"part": "knowledge", "base": "no such base", "use": "always"})
    assert "No knowledge is used here." in await bridge.say("/kb")
    assert (await trail(bridge))[0] == ("choice knowledge fake:boss", "", f"-{key} -own always")


async def test_a_topic_chooses_for_itself(owner: Client, bridge: BridgeInProcess) -> None:
    club = group("-1", "7", title="Club")
    await bridge.access.rules.allow(club.whole, SHELL)
    await bridge.say("hello all", MIA, club, addressed=True)
    listed = await owner.get("/chats")
    assert 'href="/chats/fake:-1:7/chosen"' in listed.text
    assert (await owner.get("/chats/fake:-1:7")).status == 404, "settings are those of the whole group"
    await owner.post("/chats/fake:-1:7/chosen", {"part": "answers", "buttons": "off"})
    assert await bridge.app.store.preferences.buttons(club) == "off"
    assert await bridge.app.store.preferences.buttons(club.whole) == "few"
    for id in ("fake", "a:b:c:d", "fake:%20", "a:" * 300):
        assert (await owner.get(f"/chats/{id}/chosen")).status == 404, id


async def test_undo_of_a_time_to_keep_is_for_owners(client: Client, bridge: BridgeInProcess) -> None:
    chat = Chat("fake", "-1")
    await bridge.access.roles.promote(MIA, SHELL)
    await bridge.app.commands.management.set(chat, "keep", "30d", SHELL)
    await client.enter(bridge, MIA)
    shown = await client.get("/changes")
    assert "Undo" not in shown.text
    [change] = await bridge.access.audit.newest(1)
    assert (await client.post("/changes/undo", {"id": change.id})).status == 403
    await bridge.app.commands.management.rename("fake-openai", "Oak", SHELL)
    assert "Undone." in await undo(client)
    assert await bridge.app.store.names.all() == {}
