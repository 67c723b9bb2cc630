"""What `init` asks and `doctor` says about a Feishu or Lark app, in each of our languages."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.diagnostics import Sentence, SettingPrompt
from bridge.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    questions: tuple[SettingPrompt, ...]
    """In the order in which they are asked."""

    up: Sentence
    app_wrong: Sentence
    unreachable: Sentence
    failed: Sentence
    no_bot: Sentence
    scopes_missing: Sentence
    scopes_optional: Sentence
    scopes_departments: Sentence
    scopes_unknown: Sentence
    connection_fine: Sentence
    connection_full: Sentence
    connection_failed: Sentence
    clock: Sentence


EN = Advice(
    questions=(
        SettingPrompt(
            "FEISHU_DOMAIN",
            "Feishu or Lark (Enter alone: feishu)",
            "Feishu (feishu.cn) and Lark (larksuite.com) are two clouds: write feishu or lark.",
            "write feishu or lark.",
            optional=True,
        ),
        SettingPrompt(
            "FEISHU_APP_ID",
            "App ID",
            "At https://open.feishu.cn/app (Lark: https://open.larksuite.com/app): Create Custom App, then "
            "Add Features > Bot; the App ID is under Credentials & Basic Info.",
            "an App ID begins with cli_.",
        ),
        SettingPrompt(
            "FEISHU_APP_SECRET",
            "App Secret",
            "On the same page, Credentials & Basic Info, beside App Secret.",
            "the App Secret is a line of letters and digits.",
            secret=True,
        ),
    ),
    up=Sentence("The app is {name}."),
    app_wrong=Sentence(
        "{domain} does not accept the app (code {code}).",
        "Copy App ID and App Secret again from the console, Credentials & Basic Info, into FEISHU_APP_ID and "
        "FEISHU_APP_SECRET; for an app of Lark, set FEISHU_DOMAIN=https://open.larksuite.com",
    ),
    unreachable=Sentence(
        "{domain} cannot be reached.", "Is this machine online? If it needs an HTTP proxy, set BRIDGE_PROXY."
    ),
    failed=Sentence("{domain} has trouble of its own (code {code}).", "Wait a little, and run doctor again."),
    no_bot=Sentence(
        "The app is no bot yet (code {code}).",
        "In the console: Add Features > Bot, then Version Management & Release > create a version and publish it.",
    ),
    scopes_missing=Sentence(
        "The app lacks scopes that it cannot do without: {scopes}.",
        "Grant them at {link} and publish a new version of the app.",
    ),
    scopes_optional=Sentence(
        "Some functions need scopes that the app lacks: {scopes}.",
        "docs/feishu.md says what for. Grant them at {link} and publish a new version.",
    ),
    scopes_departments=Sentence(
        "Whole departments cannot be let in: the app lacks {scopes}.",
        "Leave it so unless you want that; else grant it at {link} and publish a new version.",
    ),
    scopes_unknown=Sentence("Which scopes the app has cannot be seen (code {code})."),
    connection_fine=Sentence("The long connection can be made."),
    connection_full=Sentence(
        "The app has all the connections that it may have.",
        "End the other programs that run with this app: each gets a part of its messages.",
    ),
    connection_failed=Sentence(
        "The long connection is refused (code {code}).",
        "It is for custom apps only; in the console choose it under Events & Callbacks while cherry-bridge run is up.",
    ),
    clock=Sentence(
        "This machine's clock is {seconds} s off.",
        "Let the system set its clock by itself (NTP); messages may be taken for too old.",
    ),
)

ZH_CN = Advice(
    questions=(
        SettingPrompt(
            "FEISHU_DOMAIN",
            "飞书还是 Lark（直接回车：feishu）",
            "飞书（feishu.cn）和 Lark（larksuite.com）是两个云：请写 feishu 或 lark。",
            "请写 feishu 或 lark。",
            optional=True,
        ),
        SettingPrompt(
            "FEISHU_APP_ID",
            "App ID",
            "打开 https://open.feishu.cn/app （Lark：https://open.larksuite.com/app）：创建企业自建应用，然后"
            "添加应用能力 > 机器人；App ID 在“凭证与基础信息”里。",
            "App ID 以 cli_ 开头。",
        ),
        SettingPrompt(
            "FEISHU_APP_SECRET",
            "App Secret",
            "在同一页“凭证与基础信息”，App Secret 旁边。",
            "App Secret 是一行字母和数字。",
            secret=True,
        ),
    ),
    up=Sentence("应用是 {name}。"),
    app_wrong=Sentence(
        "{domain} 不接受这个应用（代码 {code}）。",
        "请从控制台“凭证与基础信息”重新复制 App ID 和 App Secret，填入 FEISHU_APP_ID 和 FEISHU_APP_SECRET；"
        "Lark 的应用请设置 FEISHU_DOMAIN=https://open.larksuite.com",
    ),
    unreachable=Sentence("无法连接 {domain}。", "这台机器能上网吗？如果需要 HTTP 代理，请设置 BRIDGE_PROXY。"),
    failed=Sentence("{domain} 自己出了问题（代码 {code}）。", "请稍等一会儿，再运行 doctor。"),
    no_bot=Sentence(
        "这个应用还不是机器人（代码 {code}）。",
        "在控制台：添加应用能力 > 机器人，然后版本管理与发布 > 创建版本并发布。",
    ),
    scopes_missing=Sentence("应用缺少必不可少的权限：{scopes}。", "请在 {link} 开通，并发布应用的新版本。"),
    scopes_optional=Sentence(
        "应用缺少部分功能需要的权限：{scopes}。",
        "各项用途见 docs/feishu.zh-CN.md。请在 {link} 开通，并发布新版本。",
    ),
    scopes_departments=Sentence(
        "不能按部门允许：应用缺少权限 {scopes}。", "不需要就不用管；需要的话，请在 {link} 开通，并发布新版本。"
    ),
    scopes_unknown=Sentence("看不到应用有哪些权限（代码 {code}）。"),
    connection_fine=Sentence("可以建立长连接。"),
    connection_full=Sentence(
        "这个应用的连接数已经用满。", "请停掉使用这个应用的其他程序：每个程序都会分走一部分消息。"
    ),
    connection_failed=Sentence(
        "长连接被拒绝（代码 {code}）。",
        "只有企业自建应用能用长连接；请在 cherry-bridge run 运行时，到控制台“事件与回调”里选择它。",
    ),
    clock=Sentence("这台机器的时钟差了 {seconds} 秒。", "请让系统自动校时（NTP）；否则消息可能被当成太旧。"),
)

ZH_TW = Advice(
    questions=(
        SettingPrompt(
            "FEISHU_DOMAIN",
            "飛書還是 Lark（直接按 Enter：feishu）",
            "飛書（feishu.cn）和 Lark（larksuite.com）是兩個雲：請寫 feishu 或 lark。",
            "請寫 feishu 或 lark。",
            optional=True,
        ),
        SettingPrompt(
            "FEISHU_APP_ID",
            "App ID",
            "開啟 https://open.feishu.cn/app （Lark：https://open.larksuite.com/app）：建立企業自建應用，然後"
            "新增應用能力 > 機器人；App ID 在「憑證與基礎資訊」裡。",
            "App ID 以 cli_ 開頭。",
        ),
        SettingPrompt(
            "FEISHU_APP_SECRET",
            "App Secret",
            "在同一頁「憑證與基礎資訊」，App Secret 旁邊。",
            "App Secret 是一行字母和數字。",
            secret=True,
        ),
    ),
    up=Sentence("應用是 {name}。"),
    app_wrong=Sentence(
        "{domain} 不接受這個應用（代碼 {code}）。",
        "請從主控台「憑證與基礎資訊」重新複製 App ID 和 App Secret，填入 FEISHU_APP_ID 和 FEISHU_APP_SECRET；"
        "Lark 的應用請設定 FEISHU_DOMAIN=https://open.larksuite.com",
    ),
    unreachable=Sentence("無法連線到 {domain}。", "這台機器能上網嗎？如果需要 HTTP 代理，請設定 BRIDGE_PROXY。"),
    failed=Sentence("{domain} 自己出了問題（代碼 {code}）。", "請稍等一會兒，再執行 doctor。"),
    no_bot=Sentence(
        "這個應用還不是機器人（代碼 {code}）。",
        "在主控台：新增應用能力 > 機器人，然後版本管理與發布 > 建立版本並發布。",
    ),
    scopes_missing=Sentence("應用缺少必不可少的權限：{scopes}。", "請在 {link} 開通，並發布應用的新版本。"),
    scopes_optional=Sentence(
        "應用缺少部分功能需要的權限：{scopes}。",
        "各項用途見 docs/feishu.zh-CN.md。請在 {link} 開通，並發布新版本。",
    ),
    scopes_departments=Sentence(
        "不能按部門允許：應用缺少權限 {scopes}。", "不需要就不用管；需要的話，請在 {link} 開通，並發布新版本。"
    ),
    scopes_unknown=Sentence("看不到應用有哪些權限（代碼 {code}）。"),
    connection_fine=Sentence("可以建立長連線。"),
    connection_full=Sentence(
        "這個應用的連線數已經用滿。", "請停掉使用這個應用的其他程式：每個程式都會分走一部分訊息。"
    ),
    connection_failed=Sentence(
        "長連線被拒絕（代碼 {code}）。",
        "只有企業自建應用能用長連線；請在 cherry-bridge run 執行時，到主控台「事件與回呼」裡選擇它。",
    ),
    clock=Sentence("這台機器的時鐘差了 {seconds} 秒。", "請讓系統自動校時（NTP）；否則訊息可能被當成太舊。"),
)

IN: dict[Language, Advice] = {"en": EN, "zh-CN": ZH_CN, "zh-TW": ZH_TW}
