"""The guide in Chinese."""

from __future__ import annotations

from bridge.demo.scripts.phrasebook import Phrasebook, topics, words
from bridge.demo.texts import sections

_TEXTS = sections("guide.zh")

ZH = Phrasebook(
    topics=topics(
        _TEXTS,
        {
            "Telegram": words(r"telegram", r"电报", r"botfather", r"token"),
            "Discord": words(r"discord", r"message content intent"),
            "飞书": words(r"飞书|飛書|feishu", r"\blark\b", r"app (?:id|secret)"),
            "Cherry Studio": words(
                r"cherry ?studio",
                r"api",
                r"服务器|伺服器",
                r"网关",
                r"端口",
                r"23333",
                r"密钥|key",
                r"连接|连上",
                r"服务商",
            ),
            "会出错的模型": words(r"出错|错误|报错", r"失败", r"故意", r"故障"),
            "谁可以用": words(
                r"谁(?:能|可以)",
                r"/allow",
                r"/deny",
                r"群",
                r"陌生人",
                r"主人",
                r"管理员",
                r"认领",
                r"名单|权限|放行",
                r"朋友|家人",
            ),
            "继续": words(r"继续", r"没写完|没说完", r"太短"),
            "停止": words(r"/stop", r"停", r"取消", r"打断|中断"),
            "重新回答": words(r"/retry", r"重试", r"重新(?:回答|生成)", r"再(?:答|问|试)一?[次遍]"),
            "重新开始": words(r"/new", r"重新开始", r"忘[掉记]", r"清空|清除", r"新(?:的)?(?:对话|会话)"),
            "系统提示词": words(r"/system", r"系统提示", r"提示词", r"人设|角色", r"海盗"),
            "有哪些模型": words(
                r"/models", r"(?:哪些|什么|几个|所有|全部).{0,3}模型", r"模型(?:列表|有哪些|都有)", r"还有什么"
            ),
            "换模型": words(r"/model\b", r"模型", r"换|切换", r"更改", r"选", r"gpt|claude|deepseek|通义|千问"),
            "设置": words(r"设置|配置", r"环境变量", r"\.env", r"bridge_\w+", r"代理"),
            "数据": words(r"隐私", r"数据", r"redis", r"保存|存(?:在|到|放|储)", r"日志", r"安全"),
            "排查问题": words(
                r"doctor",
                r"不(?:回答|回复|工作|行|动|能用)",
                r"没(?:反应|回答|回复)",
                r"用不了|连不上",
                r"问题排查|排查",
                r"坏",
            ),
            "终端": words(r"终端", r"键盘|快捷键|按键", r"ctrl", r"\btab\b", r"退出|离开"),
            "历史": words(r"历史", r"记忆", r"上下文", r"记得多少"),
            "诗": words(r"诗", r"歌词", r"笑话", r"故事"),
            "图片和文件": words(r"图片|照片|看图", r"文件", r"语音|音频", r"视频", r"表情包|贴纸"),
            "费用": words(r"收费|费用|付费|花钱", r"免费", r"多少钱|价格", r"开源|许可"),
            "格式": words(r"markdown", r"格式", r"表格", r"代码", r"粗体", r"latex|公式", r"表情"),
            "语言": words(r"(?<!编程)语言", r"中文|汉语", r"英文|英语", r"翻译"),
            "怎么开始": words(
                r"开始",
                r"怎么(?:用|使用|装|弄|搭)",
                r"安装|部署|搭建",
                r"init",
                r"下一步|接下来",
                r"正式|真正",
                r"机器人|bot",
                r"手机",
            ),
            "我是谁": words(
                r"你是", r"你(?:叫|是)什么", r"介绍", r"人工智能|\bai\b", r"cherry-?bridge", r"这是什么", r"演示"
            ),
            "命令": words(r"命令|指令", r"帮助|/?help", r"能(?:做|干)什么|会(?:做|干|些)?什么", r"功能", r"怎么玩"),
            "感谢": words(r"谢", r"厉害|不错|很好|太好|真棒|好的"),
            "告别": words(r"再见|拜拜|晚安|回见"),
        },
    ),
    pure_greeting=words(
        r"\s*(?:你好|您好|嗨|哈[喽啰]|早上好|早安|早|下午好|晚上好|在吗|在不在|测试)[呀啊哦吗!！.。,，?？~～\s👋]*"
    ),
    greeting=_TEXTS["问候"],
    asks_earlier=words(
        r"(?:之前|刚才|刚刚|上[一次]|前面|第一)[^，。]{0,8}(?:问|说|聊)",
        r"我(?:都)?(?:问|说|聊)(?:过|了)?(?:些|了)?什么",
        r"还?记得(?!.*名字)(?!.*叫什么)",
        r"(?:对话|聊天|消息)(?:历史|记录)",
        r"总结.{0,6}(?:对话|聊天)",
    ),
    asks_count=words(r"(?:几|多少)(?:条|个|次)?(?:消息|问题|话)", r"对话(?:有)?多长"),
    asks_system=words(
        r"(?:系统提示词?|提示词|人设)(?:是|写|说|里|内容|有)",
        r"(?:什么|哪些|念|读|告诉我|看看|查看|显示|复述).{0,6}(?:系统提示|提示词|人设)",
    ),
    asks_name=words(r"我(?:的名字)?(?:叫|是)(?:什么|啥|谁)", r"(?:知道|记得).{0,4}我的?(?:名字|叫)"),
    tells_name=words(
        r"我(?:叫|的名字(?:是|叫))\s*(?P<name>(?!什么|啥)[^\s，。！？,.!?的]{1,12})",
        r"叫我\s*(?P<nick>[^\s，。！？,.!?]{1,12})",
    ),
    earlier="在这之前，你说过：",
    earlier_none="什么也没有：这是我们对话的第一条消息。等下一条再问我一次。",
    count="连同这一条，我一共收到 **{messages}** 条消息：你的 {asked} 条，我的 {answered} 条，{system}。"
    "发送 `/new` 可以重新开始。",
    count_with_system="还有系统提示词",
    count_without_system="没有系统提示词",
    system="我收到的系统提示词是：\n\n{system}\n\n真正的模型会照它做。`/system` 加文字可以更改，`/system off` 清除。",
    system_none="我没有收到系统提示词。`/system` 加一段文字就能设置，例如 `/system 像海盗一样说话`，然后再问我一次。",
    name="你说过你叫 **{name}**。这写在随问题一起发来的对话里，我自己什么也不存。",
    name_none="你还没有告诉我。说“我叫……”，过一会儿再问我。",
    name_told="你好，**{name}**！再问点别的，过一会儿问我你叫什么：你会看到每次都会带上整段对话。`/new` 之后就没有了。",
    picture="我看到一张 {width} × {height} 像素的图片，主要是{colour}。",
    colours={
        "black": "黑色",
        "grey": "灰色",
        "white": "白色",
        "red": "红色",
        "orange": "橙色",
        "yellow": "黄色",
        "green": "绿色",
        "blue": "蓝色",
        "purple": "紫色",
        "pink": "粉色",
        "brown": "棕色",
    },
    others="（随消息还有 {count} 个不是文字的内容。我是脚本，看不了。）",
    unknown="这个我不会答：我是演示，只是认得几个词的脚本，不是语言模型。{suggestion}",
    unknown_later="这个我答不了，真正的模型可以。不过你的消息我收到了，还有之前的 {messages} 条。{suggestion}",
    suggestions=(
        "可以问我“有哪些命令？”或者“怎么获取 Telegram 机器人的 token？”。",
        "换个模型试试：发送 `/model 诗人`，然后随便说个词。",
        "可以问我“我之前问了什么？”，或者发送 `/model demo:showcase` 再打个招呼。",
        "问我“哪些模型会出错？”，看看出问题时是什么样子。",
        "想要真正的回答时，问我“怎么连接 Cherry Studio？”。",
    ),
    thoughts="我是脚本，所以下面就是我找答案的真实过程。\n\n问题有 {length} 个字符，在它之前有 {asked} 个问题。"
    "我按主题逐个查找认得的词。",
    thoughts_found="最多的属于“{topic}”，所以就用我知道的那部分来回答。",
    thoughts_none="没有哪个能定下来，所以我再看看对话本身，否则就建议可以问什么。",
)
