"""What `init` asks and `doctor` says about a Telegram bot, in each of our languages."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.diagnostics import Sentence, SettingPrompt
from bridge.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    questions: tuple[SettingPrompt, ...]
    """In the order in which they are asked."""

    up: Sentence
    token_wrong: Sentence
    no_bot: Sentence
    unreachable: Sentence
    failed: Sentence
    privacy: Sentence
    no_groups: Sentence
    webhook: Sentence
    second: Sentence
    clock: Sentence


EN = Advice(
    questions=(
        SettingPrompt(
            "TELEGRAM_TOKEN",
            "Bot token",
            "In Telegram, open a chat with @BotFather, send /newbot, give a name and a username that ends in bot; "
            "it answers with the token. For a bot you have: /mybots > the bot > API Token.",
            "a token looks like 123456789:AAbb..., as @BotFather wrote it.",
            secret=True,
        ),
        SettingPrompt(
            "BRIDGE_PROXY",
            "HTTP proxy to reach Telegram through (Enter alone: none)",
            "Only where Telegram is blocked: the HTTP port of your proxy program, in Clash: Settings > Mixed Port.",
            "a proxy looks like http://127.0.0.1:7890; SOCKS does not do.",
            optional=True,
        ),
    ),
    up=Sentence("The token is that of @{name}."),
    token_wrong=Sentence(
        "Telegram does not accept the token.",
        "In @BotFather: /mybots > the bot > API Token; put it into TELEGRAM_TOKEN.",
    ),
    no_bot=Sentence(
        "There is no Bot API at {url}.", "Correct TELEGRAM_API_URL, or remove it to use Telegram's own server."
    ),
    unreachable=Sentence(
        "Telegram cannot be reached at {url}.",
        "Is this machine online? Where Telegram is blocked, set BRIDGE_PROXY to an HTTP proxy, such as "
        "http://127.0.0.1:7890.",
    ),
    failed=Sentence("Telegram has trouble of its own ({status}).", "Wait a little, and run doctor again."),
    privacy=Sentence(
        "Privacy mode is on: in groups the bot sees commands, replies to it and mentions; that is enough to answer.",
        "Should it hear the rest: @BotFather > /setprivacy > the bot > Disable, then add it to the group again.",
    ),
    no_groups=Sentence("The bot cannot be added to groups.", "If it should: @BotFather > /setjoingroups > Enable."),
    webhook=Sentence(
        "A webhook takes this bot's messages.",
        "If another program set it, give the bridge a bot of its own; otherwise cherry-bridge run removes it.",
    ),
    second=Sentence(
        "Another program receives this bot's messages, with the same token.",
        "Stop it, or make a bot of its own for the bridge: @BotFather > /newbot.",
    ),
    clock=Sentence(
        "This machine's clock is {seconds} s off.",
        "Let the system set its clock by itself (NTP); old messages may be taken for new.",
    ),
)

ZH_CN = Advice(
    questions=(
        SettingPrompt(
            "TELEGRAM_TOKEN",
            "机器人 token",
            "在 Telegram 里打开与 @BotFather 的对话，发送 /newbot，起一个名字和一个以 bot 结尾的用户名，"
            "它会回复 token。"
            "已有机器人时：/mybots > 选机器人 > API Token。",
            "token 形如 123456789:AAbb...，就是 @BotFather 写的那样。",
            secret=True,
        ),
        SettingPrompt(
            "BRIDGE_PROXY",
            "访问 Telegram 的 HTTP 代理（直接回车：不用）",
            "只有在访问不了 Telegram 的地方才需要：你的代理软件的 HTTP 端口，例如 Clash 的“设置 - 混合端口”。",
            "代理形如 http://127.0.0.1:7890，不能用 SOCKS。",
            optional=True,
        ),
    ),
    up=Sentence("token 属于 @{name}。"),
    token_wrong=Sentence(
        "Telegram 不接受这个 token。", "在 @BotFather 里：/mybots > 选机器人 > API Token，把它填入 TELEGRAM_TOKEN。"
    ),
    no_bot=Sentence("{url} 上没有 Bot API。", "请改正 TELEGRAM_API_URL，或者删掉它以使用 Telegram 自己的服务器。"),
    unreachable=Sentence(
        "无法连接 {url} 上的 Telegram。",
        "这台机器能上网吗？在访问不了 Telegram 的地方，请把 BRIDGE_PROXY 设为一个 HTTP 代理，例如 http://127.0.0.1:7890。",
    ),
    failed=Sentence("Telegram 自己出了问题（{status}）。", "请稍等一会儿，再运行 doctor。"),
    privacy=Sentence(
        "隐私模式已打开：在群里机器人能看到命令、对它的回复和提到它的消息，足够回答了。",
        "如果要它看到其余消息：@BotFather > /setprivacy > 选机器人 > Disable，再把它重新加入群组。",
    ),
    no_groups=Sentence("这个机器人不能加入群组。", "如果需要：@BotFather > /setjoingroups > Enable。"),
    webhook=Sentence(
        "这个机器人的消息被一个 webhook 收走了。",
        "如果是别的程序设置的，请给桥单独建一个机器人；否则 cherry-bridge run 会移除它。",
    ),
    second=Sentence(
        "另一个程序用同一个 token 在接收这个机器人的消息。",
        "请停掉它，或者给桥单独建一个机器人：@BotFather > /newbot。",
    ),
    clock=Sentence("这台机器的时钟差了 {seconds} 秒。", "请让系统自动校时（NTP）；否则旧消息可能被当成新消息。"),
)

ZH_TW = Advice(
    questions=(
        SettingPrompt(
            "TELEGRAM_TOKEN",
            "機器人 token",
            "在 Telegram 裡開啟與 @BotFather 的對話，傳送 /newbot，取一個名字和一個以 bot 結尾的使用者名稱，"
            "它會回覆 token。"
            "已有機器人時：/mybots > 選機器人 > API Token。",
            "token 形如 123456789:AAbb...，就是 @BotFather 寫的那樣。",
            secret=True,
        ),
        SettingPrompt(
            "BRIDGE_PROXY",
            "連到 Telegram 的 HTTP 代理（直接按 Enter：不用）",
            "只有在連不上 Telegram 的地方才需要：你的代理軟體的 HTTP 連接埠，例如 Clash 的「設定 - 混合連接埠」。",
            "代理形如 http://127.0.0.1:7890，不能用 SOCKS。",
            optional=True,
        ),
    ),
    up=Sentence("token 屬於 @{name}。"),
    token_wrong=Sentence(
        "Telegram 不接受這個 token。", "在 @BotFather 裡：/mybots > 選機器人 > API Token，把它填入 TELEGRAM_TOKEN。"
    ),
    no_bot=Sentence("{url} 上沒有 Bot API。", "請改正 TELEGRAM_API_URL，或者刪掉它以使用 Telegram 自己的伺服器。"),
    unreachable=Sentence(
        "無法連線到 {url} 上的 Telegram。",
        "這台機器能上網嗎？在連不上 Telegram 的地方，請把 BRIDGE_PROXY 設為一個 HTTP 代理，例如 http://127.0.0.1:7890。",
    ),
    failed=Sentence("Telegram 自己出了問題（{status}）。", "請稍等一會兒，再執行 doctor。"),
    privacy=Sentence(
        "隱私模式已開啟：在群組裡機器人能看到指令、對它的回覆和提到它的訊息，足夠回答了。",
        "如果要它看到其餘訊息：@BotFather > /setprivacy > 選機器人 > Disable，再把它重新加入群組。",
    ),
    no_groups=Sentence("這個機器人不能加入群組。", "如果需要：@BotFather > /setjoingroups > Enable。"),
    webhook=Sentence(
        "這個機器人的訊息被一個 webhook 收走了。",
        "如果是別的程式設定的，請給橋單獨建一個機器人；否則 cherry-bridge run 會移除它。",
    ),
    second=Sentence(
        "另一個程式用同一個 token 在接收這個機器人的訊息。",
        "請停掉它，或者給橋單獨建一個機器人：@BotFather > /newbot。",
    ),
    clock=Sentence("這台機器的時鐘差了 {seconds} 秒。", "請讓系統自動校時（NTP）；否則舊訊息可能被當成新訊息。"),
)

IN: dict[Language, Advice] = {"en": EN, "zh-CN": ZH_CN, "zh-TW": ZH_TW}
