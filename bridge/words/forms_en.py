"""How each command is written, in English: what `/help NAME` and `/NAME ?` say below its summary."""

FORMS = {
    "help": "- `/help models`: one topic\n- `/help model`: one command, as `/model ?` does\n"
    "- `/help tour`: a short tour",
    "model": "- `/model`: recent models and all providers, to pick from\n"
    "- `/model gpt`: models whose name contains that\n- `/model provider:model`: exactly this one\n"
    "- `/model a:x fallback b:y, c:z`: which models answer if it does not; `/model fallback off` for none",
    "models": "- `/models`: all of them as text\n- `/models gpt`: those whose name contains that\n"
    "- For admins: `/models allow openai:*`, `deny *:free`, `reset`: what may be used in this chat\n"
    "- `/models name ID NAME`: give a provider or a model this name\n- `/models fresh`: read the list again",
    "new": "- `/new`: begin another conversation; this one is kept\n"
    "- `/new title`: where there are threads, a thread of that name",
    "chats": "- `/chats`: all of them, with buttons to open, rename, export and delete\n"
    "At most 200 are kept, each until 180 days after its last use, or as long as an owner says.",
    "search": "- `/search blue sky`: the questions and answers here that contain these words",
    "export": "- `/export`: this conversation, as Markdown and JSON with its pictures\n- `/export all`: all of them",
    "forget": "- `/forget`: asks which to delete for good\n- `/forget this`, `/forget all`: asks about that alone",
    "stop": "- `/stop`: stop the answer; what was said stays",
    "retry": "- `/retry`: answer the last question again\n- `/retry provider:model`: switch to that model first\n"
    "- as a reply to an earlier question: answer that one, and go on from there",
    "page": "- `/page 41-80`: read these pages of the last document",
    "system": "- `/system`: show it\n- `/system text`: set it\n- `/system off`: remove it\n"
    "`/persona` offers prompts with a name.",
    "persona": "- `/persona`: all of them, to pick from\n- `/persona teacher`: this one\n- `/persona off`: none\n"
    "- `/persona save NAME`: keep this chat's system prompt under a name\n"
    "- `/persona save NAME: text`: keep a text\n"
    "- `/persona share NAME chat`, `all`: let others use it\n- `/persona delete NAME`",
    "chain": "- `/chain`: all of them\n- `/chain save brief: summary -> Find a title for: {{input}}`: keep one\n"
    "- `/brief text`: run it\n- `/chain share brief chat`, `all`: let others use it\n- `/chain delete brief`",
    "later": "- `/later on`: messages wait while the gateway is away\n- `/later off`: they are refused at once",
    "reasoning": "- `/reasoning off`: nothing\n- `/reasoning brief`: how long it took\n"
    "- `/reasoning full`: all of it, folded above the answer",
    "buttons": "- `/buttons off`: none\n- `/buttons few`: regenerate, continue, other versions\n"
    "- `/buttons all`: another model and a shorter answer as well",
    "sum": "- `/sum`, `/sum 50`: answers the last messages of this group\n- `/sum 50 question`: asks about them",
    "compare": "- `/compare model-a model-b question`: two models answer the same at once",
    "effort": "- `/effort high`: think hard; also `low`, `medium`\n- `/effort off`: the provider's default",
    "params": "- `/params`: what is set\n"
    "- `/params temperature 0.7`, `top_p 0.9`, `max_tokens 2000`, `stop END`, `effort high`\n"
    "- `/params temperature off`: reset one\n- `/params reset`: reset all",
    "voice": "- `/voice on`: a voice message is answered with voice as well\n- `/voice off`: text only",
    "tools": "- `/tools on`, `/tools off`: whether the model may call tools here\n"
    "- `/tools SERVER never`, `ask` or `always`; the same for `SERVER/TOOL`\n"
    "- `/tools`: all of them",
    "kb": "- `/kb ask question`: answered from knowledge, this once\n"
    "- `/kb add`, as a reply to a document: keep it for this chat\n"
    "- `/kb list`, `/kb remove 2`: what is kept\n"
    "- `/kb`: which knowledge bases are used here; `/kb tool`, `/kb always`, `/kb off`",
    "usage": "- `/usage`: what you have used\n"
    "- For admins: `/usage all`, `people`, `chats`, `errors`, or the id of a person",
    "whoami": "- `/whoami`: your id, your role, this chat's id",
    "allow": "- `/allow`: in a group, that group; as a reply, that person\n- `/allow 4711`: the person with that id\n"
    "- `/allow 4711 for 7d`: for a time",
    "deny": "- `/deny`: in a group, that group; as a reply, that person\n- `/deny 4711 for 7d`: for a time",
    "allowlist": "- `/allowlist`: who may talk, and who may not\n- `/allowlist remove 4711`: remove a rule",
    "invite": "- `/invite`: a code for one person\n- `/invite 5 for 7d`: for five, for a week\n"
    "- `/invite off`: revoke all",
    "requests": "- `/requests`: who waits for an answer, with buttons",
    "chat": "- `/chat`: what applies here\n- `/chat answer all`: set one thing\n"
    "- `/chat all answer all`: in every chat",
    "audit": "- `/audit`: the last ten changes\n- `/audit 50`: more of them",
    "web": "- `/web`: a link to the page, for one browser, once\n- `/web off`: end all your visits",
    "admin": "- `/admin list`: who is one\n- `/admin add 4711`, `/admin remove 4711`, or as a reply",
    "bench": "- `/bench`: the model of this chat\n- `/bench gpt`: the model whose name contains that",
}
TOPICS = {
    "talk": "Talking",
    "models": "Models",
    "prompts": "Prompts",
    "you": "You and this bot",
    "access": "Who may talk",
    "settings": "Settings",
}
TOUR = {
    "1": "**1 of 3: Talking.** Write as you would to a person; {model} answers, and remembers this "
    "conversation. Send "
    "several messages in a row, a picture, a voice message or a file: they are read together. *Stop* under a growing "
    "answer ends it, /retry asks again, /new begins another conversation, /chats goes back.",
    "2": "**2 of 3: Models and personas.** /model changes the model of this chat. /persona has the model play a "
    "translator, an editor, a teacher; /system sets a prompt of your own. /chain runs one text through several prompts "
    "in a row.",
    "3": "**3 of 3: Good to know.** /reasoning shows what a model thinks before it answers. /usage shows what "
    "you have "
    "used. In a group, mention me or reply to me. Put a question mark after any command to learn more: `/model ?`",
}
