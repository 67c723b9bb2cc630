"""What the channel hears: who is meant, where, and that nothing is lost or doubled when the connection is."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pydantic import SecretStr

from bridge.errors import ChannelError, Refused
from bridge.types import Body, Chat, User
from channels.discord import Settings
from channels.discord.adapter import Discord
from tests.discord_channel.harness import COMMANDS, FakeMemory, Recorder, listening, opened, until
from tests.emulators.discord import DiscordPlatform


async def test_a_direct_message() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        id = await platform.say("hello")
        await recorder.receives("hello")
        [message] = recorder.said
        assert (message.id, message.chat, message.sender) == (id, platform.chat(), platform.user())
        assert message.chat.direct and message.addressed and message.sender.name == "Mia"
        assert channel.account == platform.world.bot["id"]


@pytest.mark.parametrize(
    "text", ["<@{me}> what now?", "what now? <@{me}>", "<@!{me}>, what now?", "<@&{role}> what now?"]
)
async def test_a_mention_calls_the_bot_and_is_not_part_of_the_question(text: str) -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        await platform.say(text.format(me=platform.world.bot["id"], role=platform.world.bot_role), place="group")
        await recorder.receives("what now?")
        assert recorder.said[0].addressed
        assert recorder.said[0].chat == Chat("discord", platform.world.group)
        assert recorder.said[0].chat.title == "orchard #general"


async def test_other_people_are_named_and_not_numbered() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        tom = platform.user("tom").id
        await platform.say(f"is <@{tom}> nice? <:smile:123456>", place="group", mention=True)
        await recorder.receives("is @Tom nice? :smile:")


async def test_talk_among_people_is_not_meant_for_the_bot() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        await platform.say("lunch?", place="group")
        await recorder.receives("lunch?")
        assert not recorder.said[0].addressed


async def test_a_typed_command_is_meant_for_the_bot_and_a_path_is_not() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await channel.publish(COMMANDS, [])
        await platform.say("/model gpt", place="group")
        await platform.say("/tmp is full", place="group")
        await recorder.receives("/model gpt", "/tmp is full")
        assert [message.addressed for message in recorder.said] == [True, False]


async def test_a_thread_is_a_chat_of_its_own() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await platform.say("here", place="topic", mention=True)
        await recorder.receives("here")
        chat = recorder.said[0].chat
        assert chat == platform.chat("topic") and chat.whole == platform.chat("group")
        await channel.post(chat, Body("there"), key="1", final=True)
        assert [bubble.text for bubble in platform.bubbles("topic")] == ["there"]
        assert platform.bubbles("group") == []


async def test_what_a_person_replies_to_comes_along() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        ours = await channel.post(platform.chat("group"), Body("The sky is blue."), key="1", final=True)
        await platform.say("why?", place="group", reply_to=ours.ref)
        toms = await platform.say("I like green", who="tom", place="group")
        await platform.say("do you?", place="group", mention=True, reply_to=toms)
        await recorder.receives("why?", "I like green", "do you?")
        why, _, do_you = recorder.said
        assert why.addressed and why.quoted == "The sky is blue."
        assert why.replied_to == User("discord", channel.account)
        assert do_you.quoted == "I like green" and do_you.replied_to == platform.user("tom")


async def test_a_forwarded_message_is_a_quotation() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        await platform.say("from afar", forwarded=True)
        await platform.say("summarise this")
        await recorder.receives("", "summarise this")
        forwarded, comment = recorder.said
        assert (forwarded.forwarded, forwarded.quoted) == (True, "from afar")
        assert not comment.forwarded


async def test_bots_and_discord_itself_are_not_people() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        platform.world.person("robot")["bot"] = True
        await platform.say("beep", who="robot", place="group", mention=True)
        await platform.say("", place="group", type=7)  # someone joined
        await platform.say("hook", place="group", mention=True, webhook_id="12345")
        await platform.say("human", place="group", mention=True)
        await recorder.receives("human")


async def test_without_the_privileged_intent_mentions_and_dms_work() -> None:
    async with DiscordPlatform(message_content=False) as platform, listening(platform) as (channel, recorder):
        await platform.say("between us", place="group")
        await platform.say("you there?", place="group", mention=True)
        await platform.say("and here?")
        await recorder.receives("you there?", "and here?")
        assert platform.gateway.refused_intents == 0, "an intent that is not granted must not be asked for"
        assert "message content intent" in channel.hint(platform.chat("group"), "en")
        assert channel.hint(platform.chat(), "en") == ""


async def test_an_intent_that_is_required_and_missing_is_explained() -> None:
    async with DiscordPlatform(message_content=False) as platform:
        async with opened(platform, discord_message_content=True) as channel:
            recorder = Recorder(channel)
            with pytest.raises(Refused, match="message content intent"):
                await recorder.task
        assert platform.gateway.identifies == 1, "asked again although the answer cannot change"


async def test_an_intent_that_is_taken_away_is_done_without() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.gateway.close_identify_with = 4014  # granted when asked, and no longer when we come
        recorder = Recorder(channel)
        await until(lambda: bool(platform.gateway.connected))
        await platform.say("you there?", place="group", mention=True)
        await recorder.receives("you there?")
        await recorder.close()
        assert platform.gateway.identifies == 2


async def test_a_bad_token_is_explained() -> None:
    async with DiscordPlatform() as platform:
        with pytest.raises(Refused, match="DISCORD_TOKEN"):
            async with opened(platform, discord_token="not.the.token"):
                pass


async def test_a_token_that_dies_while_we_listen_is_explained() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.gateway.close_identify_with = 4004
        recorder = Recorder(channel)
        with pytest.raises(Refused, match="DISCORD_TOKEN"):
            await recorder.task


async def test_what_came_before_the_end_of_listening_is_taken_in() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        recorder.accepting.clear()
        await platform.say("first")
        await until(lambda: recorder.texts == ["first"])
        [connection] = [task for task in asyncio.all_tasks() if "Listener._run" in repr(task.get_coro())]
        await platform.say("second")
        await platform.say("third")
        await platform.gateway.cut(4004)
        await asyncio.wait([connection])
        recorder.accepting.set()
        with pytest.raises(Refused, match="DISCORD_TOKEN"):
            await recorder.task
        assert recorder.texts == ["first", "second", "third"]
        assert recorder.acknowledged == recorder.events


async def test_discord_cannot_be_reached() -> None:
    async with DiscordPlatform() as platform:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/api/v10"
            with pytest.raises(ChannelError, match="cannot be reached") as raised:
                async with opened(platform, discord_api_url=url):
                    pass
        assert not isinstance(raised.value, Refused)


async def test_a_refused_first_connect_is_tried_again() -> None:
    async with DiscordPlatform() as platform:
        platform.gateway.refuse_connections = 1
        async with listening(platform) as (_, recorder):
            await platform.say("hello")
            await recorder.receives("hello")


async def test_a_lost_connection_is_resumed_and_nothing_is_missed() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        await platform.say("before")
        await until(lambda: len(recorder.said) == 1)
        await platform.gateway.cut()
        await platform.say("while away")
        await until(lambda: bool(platform.gateway.connected))
        await platform.say("after")
        await recorder.receives("before", "while away", "after")
        assert (platform.gateway.identifies, platform.gateway.resumes) == (1, 1)


async def test_a_frame_without_json_ends_the_session_only() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        await platform.say("before")
        await until(lambda: len(recorder.acknowledged) == 1)
        [session] = platform.gateway.connected
        assert session.connection is not None
        await session.connection.send_text("{ not json")
        await until(lambda: platform.gateway.identifies == 2 and bool(platform.gateway.connected))
        await platform.say("after")
        await recorder.receives("before", "after")


async def test_hostile_events_are_counted_and_the_next_message_works() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        count = await platform.hostile()
        await platform.say("still there?")
        await recorder.receives("still there?")
        assert channel.set_aside == count
        assert platform.gateway.identifies == 1


async def test_closing_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with DiscordPlatform() as platform:
        async with listening(platform, FakeMemory()) as (_, recorder):
            await platform.say("hello")
            await recorder.receives("hello")
        await until(lambda: not platform.gateway.sessions)
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
