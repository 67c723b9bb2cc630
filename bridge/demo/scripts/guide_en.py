"""The guide in English."""

from __future__ import annotations

from bridge.demo.scripts.phrasebook import Phrasebook, topics, words
from bridge.demo.texts import sections

_TEXTS = sections("guide.en")

EN = Phrasebook(
    topics=topics(
        _TEXTS,
        {
            "Telegram": words(r"telegram", r"bot ?father", r"\btokens?\b", r"\bbot token"),
            "Discord": words(r"discord", r"message content intent"),
            "Feishu": words(r"feishu", r"\blark\b", r"app (?:id|secret)"),
            "Cherry Studio": words(
                r"cherry ?studio",
                r"\bapi\b",
                r"\bserver\b",
                r"gateway",
                r"23333",
                r"\bkeys?\b",
                r"connect",
                r"provider",
                r"\bports?\b",
            ),
            "failing models": words(r"\bfail(?:s|ing|ures?)?\b", r"\berrors?\b", r"on purpose", r"go(?:es)? wrong"),
            "who may talk": words(
                r"\baccess",
                r"/?\ballow",
                r"/deny",
                r"\bgroups?\b",
                r"stranger",
                r"owner",
                r"\badmins?\b",
                r"\bclaim",
                r"who (?:may|can)",
                r"friends?\b",
                r"family",
            ),
            "going on": words(r"\bcontinue\b", r"cut short", r"max_tokens"),
            "stopping": words(r"/?\bstop", r"\bcancel", r"\babort", r"interrupt"),
            "trying again": words(r"/?\bretry", r"regenerate", r"\b(?:try|ask|answer) (?:it )?again"),
            "starting over": words(
                r"/new\b", r"start over", r"\bforget", r"\bclear\b", r"\breset\b", r"new (?:chat|conversation)"
            ),
            "the system prompt": words(r"/system", r"system prompt", r"persona", r"\bpirate", r"instructions"),
            "which models": words(
                r"/?\bmodels\b", r"demo models?", r"(?:which|what) models?\b(?! are you)", r"what else"
            ),
            "choosing a model": words(
                r"/?\bmodel\b", r"\bswitch", r"\bchange", r"\bpick\b", r"\bchoose", r"another", r"\bgpt|claude|deepseek"
            ),
            "settings": words(
                r"\bsettings?\b", r"\bconfig", r"environment", r"\.env\b", r"bridge_\w+", r"variables?", r"\bproxy"
            ),
            "your data": words(
                r"privacy", r"private", r"\bdata\b", r"\bredis\b", r"\bstored?\b", r"\blogs?\b", r"\bsafe\b", r"secur"
            ),
            "trouble": words(
                r"doctor",
                r"not (?:work|answer|respond)",
                r"(?:doesn|isn|won|can)['’]?t",
                r"\bproblem",
                r"trouble",
                r"broken",
                r"silent",
            ),
            "the terminal": words(
                r"terminal", r"keyboard", r"ctrl", r"\btab\b", r"shortcut", r"\bquit\b", r"\bexit\b", r"\bleave\b"
            ),
            "history": words(r"\bhistory\b", r"\bmemory\b", r"\bcontext\b", r"how much .{0,20}remember"),
            "poems": words(r"\bpoems?\b", r"\bpoet", r"\bverses?\b", r"\bsongs?\b", r"\bjokes?\b", r"\bstory\b"),
            "pictures and files": words(
                r"pictures?", r"images?", r"photos?", r"\bfiles?\b", r"voice", r"audio", r"videos?", r"stickers?"
            ),
            "cost": words(r"\bcosts?\b", r"\bmoney\b", r"\bfree\b", r"\bpric", r"\bpay", r"licen[cs]e"),
            "formatting": words(r"markdown", r"\bformat", r"\btables?\b", r"\bcode\b", r"\bbold\b", r"latex", r"emoji"),
            "languages": words(r"language", r"chinese", r"english", r"\bspeak", r"translat"),
            "getting started": words(
                r"(?:get|getting) started",
                r"set ?up",
                r"install",
                r"\binit\b",
                r"next step",
                r"for real",
                r"real (?:bot|model)",
                r"\bbegin",
                r"how do i (?:start|run|use)",
                r"\bbots?\b",
                r"what now",
                r"\b(?:smart)?phones?\b",
                r"\bmobile\b",
                r"\bnext\b",
            ),
            "who I am": words(
                r"who are you",
                r"what are you",
                r"what(?: is|['’]s) your name",
                r"(?:which|what) model are you",
                r"are you",
                r"about you",
                r"\bai\b",
                r"\bllm\b",
                r"cherry-?bridge",
                r"what is this",
                r"\breal\b",
                r"\bdemo\b",
            ),
            "commands": words(r"commands?", r"/?\bhelp\b", r"what can", r"\bfeatures?\b", r"how does (?:this|it) work"),
            "thanks": words(r"\bthank", r"\bthx\b", r"\bgreat\b", r"\bnice\b", r"\bcool\b", r"awesome"),
            "goodbye": words(r"\bbye\b", r"good ?bye", r"see you", r"good night"),
        },
    ),
    pure_greeting=words(
        r"\s*(?:/start|hello|hi|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|test(?:ing)?|ping)"
        r"(?: there| all)?[\s!.,?👋]*"
    ),
    greeting=_TEXTS["Greeting"],
    asks_earlier=words(
        r"what (?:did|have|was|were)\b.{0,20}\b(?:i|my|we)\b.{0,20}\b(?:ask|sa[iy]|question|t[ae]l[kl]|told|before)",
        r"do you (?:still )?(?:remember|recall)\b(?!.*\bname)",
        r"\bmy (?:first|last|previous|earlier) (?:question|message)",
        r"(?:chat|conversation|message) history",
        r"summari[sz]e (?:our|this|the) (?:chat|conversation)",
    ),
    asks_count=words(r"how many (?:messages|questions|turns)", r"how long is (?:our|this) (?:chat|conversation)"),
    asks_system=words(
        r"(?:what(?:['’]s| is| does| are)?|show|read|tell me|repeat)\b.{0,20}\b(?:system prompt|persona|instructions)",
        r"(?:which|any|is there a|do you have a) (?:system prompt|persona)",
    ),
    asks_name=words(r"(?:what(?:['’]s| is)|know|remember|recall|say|tell me) my name", r"who am i\b"),
    tells_name=words(r"(?:my name is|my name['’]s|call me|i am called)\s+(?P<name>[^\W\d_][\w'’-]{0,30})"),
    earlier="Before this, you said:",
    earlier_none="Nothing: this is the first message of our conversation. Ask me again after the next one.",
    count="Messages I was given, this one included: **{messages}** (yours: {asked}, mine: {answered}), {system}. "
    "`/new` starts over.",
    count_with_system="and a system prompt",
    count_without_system="and no system prompt",
    system="This is the system prompt that I was given:\n\n{system}\n\n"
    "A real model would follow it. `/system` and a text changes it, `/system off` removes it.",
    system_none="I was given no system prompt. `/system` and a text sets one, for example "
    "`/system Answer like a pirate`; then ask me again.",
    name="You said that your name is **{name}**. It stands in the conversation that was sent along; I keep nothing.",
    name_none="You have not told me. Say *My name is ...*, and ask me again later.",
    name_told="Nice to meet you, **{name}**! Ask me something else, and later what your name is: you will see that the "
    "conversation is sent along every time. After `/new` it is gone.",
    picture="I see a picture of {width} × {height} pixels. Most of it is {colour}.",
    colours={},
    others="(With it came {count} that is no text. I am a script and cannot look at it.)",
    unknown="I do not know what to say to that: I am a demo, a script that knows a few words, and no language model. "
    "{suggestion}",
    unknown_later="I have no answer to that; a real model would. I did get your message, though, and {messages} "
    "with it from before. {suggestion}",
    suggestions=(
        "Ask me *What commands are there?* or *How do I get a Telegram bot token?*",
        "Try another model: send `/model poet` and then any word.",
        "Ask me *What did I ask before?*, or send `/model demo:showcase` and say hello.",
        "Ask me about *failing models* to see what trouble looks like.",
        "When you want real answers, ask me *How do I connect Cherry Studio?*",
    ),
    thoughts="I am a script, so this is how I really find my answer.\n\nThe question has {length} characters, and "
    "{asked} came before it. I look for words that I know, topic by topic. ",
    thoughts_found="Most of them belong to “{topic}”, so I answer with what I know of that.",
    thoughts_none="I find none that decides it, so I look at the conversation itself, or suggest what to ask.",
)
