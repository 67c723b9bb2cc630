"""What can be done about an answer in the terminal, where there are no buttons: the real program, a real gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.console.session import TerminalSession
from tests.emulators.gateway import Behaviour, GatewayEmulator


class Chat(TerminalSession):
    """`cherry-bridge chat` at a terminal."""

    def arguments(self) -> list[str]:
        return ["-m", "bridge", "chat"]


def settings(gateway: GatewayEmulator, home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "BRIDGE_DATA_DIR": str(home / "data"),
        "BRIDGE_GATEWAY_URL": gateway.url,
        "BRIDGE_GATEWAY_KEY": gateway.key,
        "BRIDGE_MODEL": "fake-openai:ok",
    }


async def test_continue_retry_and_compare_by_typing(tmp_path: Path) -> None:
    async with GatewayEmulator("B") as gateway:
        gateway.behave("ok", Behaviour(text="Once upon a time", end="length"))

        def talk() -> None:
            with Chat(tmp_path, rows=60, columns=80, **settings(gateway, tmp_path)) as session:
                session.say("A story.")
                session.until(lambda text: "Once upon a time" in text and "Continue: /continue" in text)
                gateway.behave("ok", Behaviour(text="there was an end."))
                session.say("/continue")
                session.until("Once upon a time there was an end.")
                gateway.behave("ok", Behaviour(text="Another one."))
                session.say("/retry")
                session.until("Another one.")
                gateway.behave("claude-ok", Behaviour(text="Green."))
                session.say("/compare fake-openai:ok claude-ok What colour?")
                shown = session.until(lambda text: text.count(" tokens") == 2)
                assert "Green." in shown and "Go on with this one (fake-anthropic:claude-ok): /answer" in shown

        await asyncio.to_thread(talk)
        assert [message["content"] for message in gateway.requests[2].messages] == ["A story."]
