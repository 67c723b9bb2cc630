"""How each command is written, in 简体中文: what `/help NAME` and `/NAME ?` say below its summary."""

FORMS = {
    "help": "- `/help models`：一个主题\n- `/help model`：一个命令，与 `/model ?` 相同\n- `/help tour`：简短导览",
    "model": "- `/model`：从最近用过的模型和全部服务商里挑选\n"
    "- `/model gpt`：名称里含有这些字的模型\n- `/model 服务商:模型`：就选这一个\n"
    "- `/model a:x fallback b:y, c:z`：它不回答时由谁代答；`/model fallback off` 表示不用",
    "models": "- `/models`：以文字列出全部\n- `/models gpt`：名称里含有这些字的\n"
    "- 管理员：`/models allow openai:*`、`deny *:free`、`reset`：这个聊天可以用哪些\n"
    "- `/models name ID 名称`：给服务商或模型起名\n- `/models fresh`：重新读取列表",
    "new": "- `/new`：开始新的对话，当前的会保留\n- `/new 标题`：支持子区的地方，开一个以此为名的子区",
    "chats": "- `/chats`：全部对话，用按钮打开、改名、导出、删除\n"
    "最多保留 200 段，每段保留到最后一次使用后的 180 天，或者主人设置的时间。",
    "search": "- `/search 蓝天`：这里含有这些词的问题和回答",
    "export": "- `/export`：当前对话，导出成 Markdown 和 JSON，连同图片\n- `/export all`：全部对话",
    "forget": "- `/forget`：询问要永久删除哪些\n- `/forget this`、`/forget all`：只询问这一项",
    "stop": "- `/stop`：停止回答；已经说的会保留",
    "retry": "- `/retry`：重新回答上一个问题\n- `/retry 服务商:模型`：先换成这个模型\n"
    "- 作为对以前某个问题的回复：重新回答那个问题，对话从那里继续",
    "page": "- `/page 41-80`：读取上一份文档的这些页",
    "system": "- `/system`：查看\n- `/system 文字`：设置\n- `/system off`：删除\n`/persona` 提供有名称的提示词。",
    "persona": "- `/persona`：从全部角色里挑选\n- `/persona teacher`：就用这一个\n- `/persona off`：不用\n"
    "- `/persona save 名称`：把这个聊天的系统提示词存成角色\n"
    "- `/persona save 名称: 文字`：保存一段文字\n"
    "- `/persona share 名称 chat`、`all`：让别人也能用\n- `/persona delete 名称`：删除",
    "chain": "- `/chain`：全部\n- `/chain save brief: summary -> 给它起个标题：{{input}}`：保存一条\n"
    "- `/brief 文字`：运行\n- `/chain share brief chat`、`all`：让别人也能用\n- `/chain delete brief`：删除",
    "later": "- `/later on`：网关不在时，消息会等它回来\n- `/later off`：立即告知，不等待",
    "reasoning": "- `/reasoning off`：不显示\n- `/reasoning brief`：只显示用了多久\n"
    "- `/reasoning full`：折叠显示在回答上方",
    "buttons": "- `/buttons off`：不显示\n- `/buttons few`：重新生成、继续、其他版本\n"
    "- `/buttons all`：还有换模型和更简短",
    "sum": "- `/sum`、`/sum 50`：让模型回答本群最近的消息\n- `/sum 50 问题`：就这些消息提问",
    "compare": "- `/compare model-a model-b 问题`：两个模型同时回答同一个问题",
    "effort": "- `/effort high`：多想；也可以是 `low`、`medium`\n- `/effort off`：由服务商决定",
    "params": "- `/params`：现在的设置\n"
    "- `/params temperature 0.7`、`top_p 0.9`、`max_tokens 2000`、`stop END`、`effort high`\n"
    "- `/params temperature off`：恢复一项\n- `/params reset`：全部恢复",
    "voice": "- `/voice on`：语音消息也用语音回答\n- `/voice off`：只用文字",
    "tools": "- `/tools on`、`/tools off`：模型在这里可不可以用工具\n"
    "- `/tools SERVER never`、`ask` 或 `always`；`SERVER/TOOL` 也一样\n"
    "- `/tools`：有哪些工具",
    "kb": "- `/kb ask 问题`：这一次参考知识库回答\n"
    "- 回复一个文档发送 `/kb add`：为本聊天保存它\n"
    "- `/kb list`、`/kb remove 2`：保存了哪些\n"
    "- `/kb`：这里使用哪些知识库；`/kb tool`、`/kb always`、`/kb off`",
    "usage": "- `/usage`：你自己的用量\n- 管理员：`/usage all`、`people`、`chats`、`errors`，或某人的 ID",
    "whoami": "- `/whoami`：你的 ID、角色和这个聊天的 ID",
    "allow": "- `/allow`：在群里是这个群；用来回复则是那个人\n- `/allow 4711`：这个 ID 的人\n"
    "- `/allow 4711 for 7d`：限期",
    "deny": "- `/deny`：在群里是这个群；用来回复则是那个人\n- `/deny 4711 for 7d`：限期",
    "allowlist": "- `/allowlist`：谁可以用，谁不可以\n- `/allowlist remove 4711`：收回一条规则",
    "invite": "- `/invite`：一个人用的邀请码\n- `/invite 5 for 7d`：五个人，一周内\n- `/invite off`：全部作废",
    "requests": "- `/requests`：谁在等待答复，附有按钮",
    "chat": "- `/chat`：这里适用的设置\n- `/chat answer all`：设置其中一项\n- `/chat all answer all`：用于所有聊天",
    "audit": "- `/audit`：最近十次更改\n- `/audit 50`：更多",
    "web": "- `/web`：管理页面的链接，只让一个浏览器进入一次\n- `/web off`：结束你的所有登录",
    "admin": "- `/admin list`：有哪些管理员\n- `/admin add 4711`、`/admin remove 4711`，或用来回复",
    "bench": "- `/bench`：这个聊天的模型\n- `/bench gpt`：名称里含有这些字的模型",
}
TOPICS = {
    "talk": "对话",
    "models": "模型",
    "prompts": "提示词",
    "you": "你和机器人",
    "access": "谁可以用",
    "settings": "设置",
}
TOUR = {
    "1": "**1/3：对话。** 像给人写消息那样写就行；{model} 会回答，并记得这段对话。可以连发几条消息，"
    "也可以发图片、语音或文件，会合在一起读。正在写的回答下面有“停止”，/retry 重新回答，"
    "/new 开始新的对话，/chats 回到之前的对话。",
    "2": "**2/3：模型和角色。** /model 更换这个聊天的模型。/persona 让模型扮演翻译、编辑、老师；"
    "/system 使用你自己写的提示词。/chain 把一段文字依次交给几个提示词。",
    "3": "**3/3：最好知道。** /reasoning 显示模型回答之前的思考。/usage 显示你的用量。在群里请提到我或回复我。"
    "任何命令后面加问号会有更多说明：`/model ?`",
}
