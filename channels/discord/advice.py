"""What `init` asks and `doctor` says about a Discord bot, in each of our languages."""

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
    unreachable: Sentence
    failed: Sentence
    no_server: Sentence
    content_off: Sentence
    content_refused: Sentence
    gateway_fine: Sentence
    gateway_unreachable: Sentence
    clock: Sentence


EN = Advice(
    questions=(
        SettingPrompt(
            "DISCORD_TOKEN",
            "Bot token",
            "At https://discord.com/developers/applications: New Application, then Bot > Reset Token > Copy. "
            "On the same page you may switch on Message Content Intent.",
            "a token has three parts with dots between them, from the page Bot (it is not the client secret).",
            secret=True,
        ),
        SettingPrompt(
            "BRIDGE_PROXY",
            "HTTP proxy to reach Discord through (Enter alone: none)",
            "Only where Discord is blocked: the HTTP port of your proxy program, in Clash: Settings > Mixed Port.",
            "a proxy looks like http://127.0.0.1:7890; SOCKS does not do.",
            optional=True,
        ),
    ),
    up=Sentence("The token is that of {name}."),
    token_wrong=Sentence(
        "Discord does not accept the token.",
        "https://discord.com/developers/applications > the application > Bot > Reset Token; put it into DISCORD_TOKEN.",
    ),
    unreachable=Sentence(
        "Discord cannot be reached at {url}.",
        "Is this machine online? Where Discord is blocked, set BRIDGE_PROXY to an HTTP proxy, such as "
        "http://127.0.0.1:7890.",
    ),
    failed=Sentence("Discord answers with status {status}.", "Wait a little, and run doctor again."),
    no_server=Sentence("The bot is in no server yet.", "Invite it: {link}"),
    content_off=Sentence(
        "Message Content Intent is off: mentions, direct messages and slash commands work without it.",
        "Should it read replies without a mention too: developer portal > Bot > Message Content Intent.",
    ),
    content_refused=Sentence(
        "DISCORD_MESSAGE_CONTENT is on, but Message Content Intent is not: Discord will refuse the bot.",
        "Switch it on in the developer portal > Bot > Message Content Intent, or remove DISCORD_MESSAGE_CONTENT.",
    ),
    gateway_fine=Sentence("Discord's gateway answers."),
    gateway_unreachable=Sentence(
        "Discord's gateway cannot be reached at {url}.",
        "A firewall or proxy lets no websocket through: allow it, or set BRIDGE_PROXY to one that does.",
    ),
    clock=Sentence("This machine's clock is {seconds} s off.", "Let the system set its clock by itself (NTP)."),
)

ZH_CN = Advice(
    questions=(
        SettingPrompt(
            "DISCORD_TOKEN",
            "机器人 token",
            "打开 https://discord.com/developers/applications ：New Application，然后 Bot > Reset Token > Copy。"
            "在同一页可以打开 Message Content Intent。",
            "token 由三段组成，中间是点，来自 Bot 页（不是 client secret）。",
            secret=True,
        ),
        SettingPrompt(
            "BRIDGE_PROXY",
            "访问 Discord 的 HTTP 代理（直接回车：不用）",
            "只有在访问不了 Discord 的地方才需要：你的代理软件的 HTTP 端口，例如 Clash 的“设置 - 混合端口”。",
            "代理形如 http://127.0.0.1:7890，不能用 SOCKS。",
            optional=True,
        ),
    ),
    up=Sentence("token 属于 {name}。"),
    token_wrong=Sentence(
        "Discord 不接受这个 token。",
        "https://discord.com/developers/applications > 选应用 > Bot > Reset Token，把它填入 DISCORD_TOKEN。",
    ),
    unreachable=Sentence(
        "无法连接 {url} 上的 Discord。",
        "这台机器能上网吗？在访问不了 Discord 的地方，请把 BRIDGE_PROXY 设为一个 HTTP 代理，例如 http://127.0.0.1:7890。",
    ),
    failed=Sentence("Discord 返回了状态 {status}。", "请稍等一会儿，再运行 doctor。"),
    no_server=Sentence("机器人还不在任何服务器里。", "邀请它：{link}"),
    content_off=Sentence(
        "Message Content Intent 没有打开：提到它、私信和斜杠命令不需要它。",
        "如果还要读没有提到它的回复：开发者页面 > Bot > Message Content Intent。",
    ),
    content_refused=Sentence(
        "DISCORD_MESSAGE_CONTENT 打开了，但 Message Content Intent 没有打开：Discord 会拒绝这个机器人。",
        "请在开发者页面 > Bot 打开 Message Content Intent，或者删掉 DISCORD_MESSAGE_CONTENT。",
    ),
    gateway_fine=Sentence("Discord 的网关有应答。"),
    gateway_unreachable=Sentence(
        "无法连接 {url} 上的 Discord 网关。",
        "防火墙或代理不放行 websocket：请放行，或者把 BRIDGE_PROXY 设为放行它的代理。",
    ),
    clock=Sentence("这台机器的时钟差了 {seconds} 秒。", "请让系统自动校时（NTP）。"),
)

ZH_TW = Advice(
    questions=(
        SettingPrompt(
            "DISCORD_TOKEN",
            "機器人 token",
            "開啟 https://discord.com/developers/applications ：New Application，然後 Bot > Reset Token > Copy。"
            "在同一頁可以開啟 Message Content Intent。",
            "token 由三段組成，中間是點，來自 Bot 頁（不是 client secret）。",
            secret=True,
        ),
        SettingPrompt(
            "BRIDGE_PROXY",
            "連到 Discord 的 HTTP 代理（直接按 Enter：不用）",
            "只有在連不上 Discord 的地方才需要：你的代理軟體的 HTTP 連接埠，例如 Clash 的「設定 - 混合連接埠」。",
            "代理形如 http://127.0.0.1:7890，不能用 SOCKS。",
            optional=True,
        ),
    ),
    up=Sentence("token 屬於 {name}。"),
    token_wrong=Sentence(
        "Discord 不接受這個 token。",
        "https://discord.com/developers/applications > 選應用程式 > Bot > Reset Token，把它填入 DISCORD_TOKEN。",
    ),
    unreachable=Sentence(
        "無法連線到 {url} 上的 Discord。",
        "這台機器能上網嗎？在連不上 Discord 的地方，請把 BRIDGE_PROXY 設為一個 HTTP 代理，例如 http://127.0.0.1:7890。",
    ),
    failed=Sentence("Discord 傳回了狀態 {status}。", "請稍等一會兒，再執行 doctor。"),
    no_server=Sentence("機器人還不在任何伺服器裡。", "邀請它：{link}"),
    content_off=Sentence(
        "Message Content Intent 沒有開啟：提到它、私訊和斜線指令不需要它。",
        "如果還要讀沒有提到它的回覆：開發者頁面 > Bot > Message Content Intent。",
    ),
    content_refused=Sentence(
        "DISCORD_MESSAGE_CONTENT 開啟了，但 Message Content Intent 沒有開啟：Discord 會拒絕這個機器人。",
        "請在開發者頁面 > Bot 開啟 Message Content Intent，或者刪掉 DISCORD_MESSAGE_CONTENT。",
    ),
    gateway_fine=Sentence("Discord 的閘道有回應。"),
    gateway_unreachable=Sentence(
        "無法連線到 {url} 上的 Discord 閘道。",
        "防火牆或代理不放行 websocket：請放行，或者把 BRIDGE_PROXY 設為放行它的代理。",
    ),
    clock=Sentence("這台機器的時鐘差了 {seconds} 秒。", "請讓系統自動校時（NTP）。"),
)

IN: dict[Language, Advice] = {"en": EN, "zh-CN": ZH_CN, "zh-TW": ZH_TW}
