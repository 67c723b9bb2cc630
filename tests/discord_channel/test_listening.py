"""What the channel hears: who is meant, where, and that nothing is lost or doubled when the connection is."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pydantic import SecretStr

from bridge.errors import ChannelError, Refused
from bridge.types import Chat, User
from channels.discord import Settings
from channels.discord.adapter import Discord
from tests.discord_channel.room import COMMANDS, Ear, Notes, listening, opened, until
from tests.emulators.discord import DiscordStage


async def test_a_direct_message() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        id = await stage.say("hello")
        await ear.hears("hello")
        [message] = ear.heard
        assert (message.id, message.chat, message.sender) == (id, stage.chat(), stage.user())
        assert message.chat.direct and message.addressed and message.sender.name == "Mia"
        assert channel.account == stage.world.bot["id"]


@pytest.mark.parametrize(
    "text", ["<@{me}> what now?", "what now? <@{me}>", "<@!{me}>, what now?", "<@&{role}> what now?"]
)
async def test_a_mention_calls_the_bot_and_is_not_part_of_the_question(text: str) -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        await stage.say(text.format(me=stage.world.bot["id"], role=stage.world.bot_role), place="group")
        await ear.hears("what now?")
        assert ear.heard[0].addressed
        assert ear.heard[0].chat == Chat("discord", stage.world.group)
        assert ear.heard[0].chat.title == "orchard #general"


async def test_other_people_are_named_and_not_numbered() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        tom = stage.user("tom").id
        await stage.say(f"is <@{tom}> nice? <:smile:123456>", place="group", mention=True)
        await ear.hears("is @Tom nice? :smile:")


async def test_talk_among_people_is_not_meant_for_the_bot() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        await stage.say("lunch?", place="group")
        await ear.hears("lunch?")
        assert not ear.heard[0].addressed


async def test_a_typed_command_is_meant_for_the_bot_and_a_path_is_not() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        await channel.publish(COMMANDS, [])
        await stage.say("/model gpt", place="group")
        await stage.say("/tmp is full", place="group")
        await ear.hears("/model gpt", "/tmp is full")
        assert [message.addressed for message in ear.heard] == [True, False]


async def test_a_thread_is_a_chat_of_its_own() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        await stage.say("here", place="topic", mention=True)
        await ear.hears("here")
        chat = ear.heard[0].chat
        assert chat == stage.chat("topic") and chat.whole == stage.chat("group")
        await channel.post(chat, "there", key="1", final=True)
        assert [bubble.text for bubble in stage.bubbles("topic")] == ["there"]
        assert stage.bubbles("group") == []


async def test_what_a_person_replies_to_comes_along() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        ours = await channel.post(stage.chat("group"), "The sky is blue.", key="1", final=True)
        await stage.say("why?", place="group", reply_to=ours.ref)
        toms = await stage.say("I like green", who="tom", place="group")
        await stage.say("do you?", place="group", mention=True, reply_to=toms)
        await ear.hears("why?", "I like green", "do you?")
        why, _, do_you = ear.heard
        assert why.addressed and why.quoted == "The sky is blue."
        assert why.replied_to == User("discord", channel.account)
        assert do_you.quoted == "I like green" and do_you.replied_to == stage.user("tom")


async def test_a_forwarded_message_is_a_quotation() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        inner = {
            "type": 0,
            "content": "from afar",
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
        }
        inner |= {"timestamp": "2026-11-21T00:00:00+00:00", "edited_timestamp": None, "flags": 0, "components": []}
        reference = {"type": 1, "message_id": stage.world.snowflake(), "channel_id": stage.world.group}
        await stage.say("", message_snapshots=[{"message": inner}], message_reference=reference)
        await ear.hears("")
        assert ear.heard[0].quoted == "from afar"


async def test_what_comes_with_a_message_is_named() -> None:
    file = {"id": "7", "size": 1, "url": "http://127.0.0.1/7", "proxy_url": "http://127.0.0.1/7"}
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        await stage.say(
            "look",
            attachments=[
                {**file, "filename": "cat.png", "content_type": "image/png"},
                {**file, "filename": "notes.pdf", "content_type": "application/pdf"},
                {**file, "filename": "raw"},
            ],
        )
        await ear.hears("look")
        assert [(each.kind, each.name) for each in ear.heard[0].attachments] == [
            ("image", "cat.png"),
            ("file", "notes.pdf"),
            ("file", "raw"),
        ]


async def test_bots_and_discord_itself_are_not_people() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        stage.world.person("robot")["bot"] = True
        await stage.say("beep", who="robot", place="group", mention=True)
        await stage.say("", place="group", type=7)  # someone joined
        await stage.say("hook", place="group", mention=True, webhook_id="12345")
        await stage.say("human", place="group", mention=True)
        await ear.hears("human")


async def test_without_the_privileged_intent_mentions_and_direct_messages_work() -> None:
    async with DiscordStage(message_content=False) as stage, listening(stage) as (channel, ear):
        await stage.say("between us", place="group")
        await stage.say("you there?", place="group", mention=True)
        await stage.say("and here?")
        await ear.hears("you there?", "and here?")
        assert stage.gateway.refused_intents == 0, "an intent that is not granted must not be asked for"
        assert "message content intent" in channel.hint(stage.chat("group"), "en")
        assert channel.hint(stage.chat(), "en") == ""


async def test_an_intent_that_is_insisted_on_but_not_granted_is_explained() -> None:
    async with DiscordStage(message_content=False) as stage:
        async with opened(stage, discord_message_content=True) as channel:
            ear = Ear(channel)
            with pytest.raises(Refused, match="message content intent"):
                await ear.task
        assert stage.gateway.identifies == 1, "asked again although the answer cannot change"


async def test_an_intent_that_is_taken_away_is_done_without() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        stage.gateway.close_identify_with = 4014  # granted when asked, and no longer when we come
        ear = Ear(channel)
        await until(lambda: bool(stage.gateway.connected))
        await stage.say("you there?", place="group", mention=True)
        await ear.hears("you there?")
        await ear.close()
        assert stage.gateway.identifies == 2


async def test_a_bad_token_is_explained() -> None:
    async with DiscordStage() as stage:
        with pytest.raises(Refused, match="DISCORD_TOKEN"):
            async with opened(stage, discord_token="not.the.token"):
                pass


async def test_a_token_that_dies_while_we_listen_is_explained() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        stage.gateway.close_identify_with = 4004
        ear = Ear(channel)
        with pytest.raises(Refused, match="DISCORD_TOKEN"):
            await ear.task


async def test_discord_cannot_be_reached() -> None:
    async with DiscordStage() as stage:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/api/v10"
            with pytest.raises(ChannelError, match="cannot be reached") as raised:
                async with opened(stage, discord_api_url=url):
                    pass
        assert not isinstance(raised.value, Refused)


async def test_a_refused_first_connect_is_tried_again() -> None:
    async with DiscordStage() as stage:
        stage.gateway.refuse_connections = 1
        async with listening(stage) as (_, ear):
            await stage.say("hello")
            await ear.hears("hello")


async def test_a_lost_connection_is_resumed_and_nothing_is_missed() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        await stage.say("before")
        await until(lambda: len(ear.heard) == 1)
        await stage.gateway.cut()
        await stage.say("while away")
        await until(lambda: bool(stage.gateway.connected))
        await stage.say("after")
        await ear.hears("before", "while away", "after")
        assert (stage.gateway.identifies, stage.gateway.resumes) == (1, 1)


async def test_a_frame_that_is_no_json_ends_the_session_and_not_the_channel() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        await stage.say("before")
        await until(lambda: len(ear.safe) == 1)
        [session] = stage.gateway.connected
        assert session.connection is not None
        await session.connection.send_text("{ not json")
        await until(lambda: stage.gateway.identifies == 2 and bool(stage.gateway.connected))
        await stage.say("after")
        await ear.hears("before", "after")


async def test_hostile_events_are_counted_and_the_next_message_works() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        count = await stage.hostile()
        await stage.say("still there?")
        await ear.hears("still there?")
        assert channel.set_aside == count
        assert stage.gateway.identifies == 1


async def test_closing_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with DiscordStage() as stage:
        async with listening(stage, Notes()) as (_, ear):
            await stage.say("hello")
            await ear.hears("hello")
        await until(lambda: not stage.gateway.sessions)
    await until(lambda: asyncio.all_tasks() <= before)


def test_settings_are_checked_and_keep_the_token_to_themselves() -> None:
    kept = Settings(_env_file=None, discord_token=SecretStr("Bot aaa.bbb.ccc"))  # type: ignore[call-arg]
    assert kept.configured and "bbb" not in repr(kept)
    assert not Settings(_env_file=None).configured  # type: ignore[call-arg]
    for wrong in (
        {"discord_token": "hunter2"},
        {"discord_api_url": "discord"},
        {"discord_gateway_url": "https://x"},
        {"bridge_proxy": "socks5://127.0.0.1:1"},
        {"discord_edit_interval": "0"},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong)).upper() + "|discord_edit_interval") as raised:
            Settings(_env_file=None, **wrong)  # type: ignore[call-arg, arg-type]
        assert "hunter2" not in str(raised.value)


def test_the_light_module_does_not_load_discord_py() -> None:
    import subprocess
    import sys

    check = "import sys, channels.discord; sys.exit('discord' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_channel_is_what_the_contract_asks_for() -> None:
    from bridge.channel import Channel

    wanted = {name for name in vars(Channel) if not name.startswith("_")}
    assert wanted <= set(dir(Discord))
