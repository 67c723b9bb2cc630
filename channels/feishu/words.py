"""The sentences that only Feishu needs, in the languages we speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.words import Language


@dataclass(frozen=True, slots=True)
class Words:
    writing: str
    """In the list of chats, while a card grows."""
    aside: str
    """The title of the folded panel that holds a model's reasoning and the steps it took."""
    empty: str
    """What stays of a message that cannot be taken back."""
    late: str
    """To someone whose message came too late to be answered."""
    mention: str
    """For /help in a group."""
    quota: str
    """To the admins, once a month; `{used}` and `{quota}` are calls."""


WORDS: Mapping[Language, Words] = {
    "en": Words(
        writing="Writing…",
        aside="How I got there",
        empty="(withdrawn)",
        late="This message reached me too late, so I did not answer it. Send it again if you still want to know.",
        mention=(
            "In a group, mention me in every message: as a rule Feishu passes nothing else on to me. "
            "To let me read the rest, give the app the scope im:message.group_msg and publish a version."
        ),
        quota=(
            "{used} of this month's {quota} Feishu API calls are used. Until the month is over, answers are "
            "updated less often while they grow. FEISHU_MONTHLY_QUOTA tells me if your plan allows more."
        ),
    ),
    "zh-CN": Words(
        writing="正在回答…",
        aside="思考过程",
        empty="（已撤回）",
        late="这条消息到得太晚了，我没有回答。如果还需要，请再发一次。",
        mention=(
            "在群里请每次都 @我：飞书通常不会把其他消息转给我。"
            "想让我看到其余消息：给应用添加权限 im:message.group_msg，并发布一个版本。"
        ),
        quota=(
            "本月 {quota} 次飞书 API 调用已用 {used} 次。到月底前，回答生成时的刷新会变慢。"
            "如果你的套餐额度更高，请设置 FEISHU_MONTHLY_QUOTA。"
        ),
    ),
    "zh-TW": Words(
        writing="正在回答…",
        aside="思考過程",
        empty="（已收回）",
        late="這則訊息到得太晚了，我沒有回答。如果還需要，請再傳一次。",
        mention=(
            "在群組裡請每次都 @我：飛書通常不會把其他訊息轉給我。"
            "想讓我看到其餘訊息：給應用程式加上權限 im:message.group_msg，並發布一個版本。"
        ),
        quota=(
            "本月 {quota} 次飛書 API 呼叫已用 {used} 次。到月底前，回答產生時的更新會變慢。"
            "如果你的方案額度更高，請設定 FEISHU_MONTHLY_QUOTA。"
        ),
    ),
}
