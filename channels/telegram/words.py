"""The one thing that Telegram itself keeps from people: what privacy mode does, and how to end it."""

from __future__ import annotations

_FATHER = "[@BotFather](https://t.me/BotFather)"
_PRIVACY = {
    "en": (
        "In groups Telegram shows me only commands, replies to my messages, and messages with @{name}. "
        "To let me hear the rest: make me an admin of the group, or send /setprivacy to {father}, "
        "choose Disable, and add me to the group again."
    ),
    "zh-CN": (
        "在群组里，Telegram 只让我看到命令、对我消息的回复，以及带有 @{name} 的消息。"
        "想让我看到其余消息：把我设为群管理员，或者向 {father} 发送 /setprivacy，选择 Disable，"
        "再把我重新加入群组。"
    ),
    "zh-TW": (
        "在群組裡，Telegram 只讓我看到指令、對我訊息的回覆，以及帶有 @{name} 的訊息。"
        "想讓我看到其餘訊息：把我設為群組管理員，或者向 {father} 傳送 /setprivacy，選擇 Disable，"
        "再把我重新加入群組。"
    ),
}


def privacy_hint(language: str, name: str) -> str:
    """For a person who speaks `language`, in Markdown; `name` is the bot's, without the @."""
    return _PRIVACY.get(language, _PRIVACY["en"]).format(name=name, father=_FATHER)
