"""The sentences that only Discord needs."""

from __future__ import annotations

from bridge.words import Language

SKIPPED: dict[Language, str] = {
    "en": "I was away, and so many older messages are not answered: {count}. Please ask again what still matters.",
    "zh-CN": "我离开了一段时间，这里有 {count} 条较早的消息没有回答。仍然需要的话，请再问一次。",
    "zh-TW": "我離開了一段時間，這裡有 {count} 則較早的訊息沒有回答。仍然需要的話，請再問一次。",
}
"""After an outage that lasted longer, or saw more messages, than may be caught up with."""

CONTENT_HIDDEN: dict[Language, str] = {
    "en": (
        "In servers Discord shows me only messages that mention me, replies with the mention left on, and commands. "
        "To let me read the rest: switch on the message content intent in the developer portal, page Bot."
    ),
    "zh-CN": (
        "在服务器里，Discord 只让我看到提及我的消息、保留了提及的回复，以及命令。"
        "想让我看到其余消息：在开发者门户的 Bot 页面打开 Message Content Intent。"
    ),
    "zh-TW": (
        "在伺服器裡，Discord 只讓我看到提及我的訊息、保留了提及的回覆，以及指令。"
        "想讓我看到其餘訊息：在開發者入口網站的 Bot 頁面開啟 Message Content Intent。"
    ),
}
"""For /help, where the privileged intent is off. Of a reply without the mention only the fact arrives."""
