"""The guide helps a newcomer: in their language, to what they asked, truly, and with the conversation in view."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bridge.demo.catalog import MODELS, PROVIDERS
from bridge.demo.conversation import Conversation, Turn, conversation_of
from bridge.demo.performance import Performance, count
from bridge.demo.scripts import guide, poet, showcase
from bridge.demo.scripts.guide_en import EN
from bridge.demo.scripts.guide_zh import ZH
from bridge.demo.texts import sections, text
from bridge.server.dialects import DIALECTS
from bridge.settings import Settings
from bridge.words import EN as WORDS


def read(messages: list[Any], system: str | None = None) -> Conversation:
    head = [] if system is None else [{"role": "system", "content": system}]
    return conversation_of(DIALECTS["chat"].read({"messages": [*head, *messages]}, "guide"))


def _say(*turns: str, system: str = "") -> str:
    """What the guide answers at the end of a conversation, questions and answers in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": said} for at, said in enumerate(turns)]
    return guide.speak(read(messages, system or None)).text


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What commands are there?", "commands"),
        ("help", "commands"),
        ("How do I get a Telegram bot token?", "Telegram"),
        ("how can I use this in Feishu?", "Feishu"),
        ("discord setup", "Discord"),
        ("How do I connect Cherry Studio?", "Cherry Studio"),
        ("where do I find the API key?", "Cherry Studio"),
        ("Which models are there?", "which models"),
        ("how do I switch the model?", "choosing a model"),
        ("What does /new do?", "starting over"),
        ("how do I stop an answer", "stopping"),
        ("how do I retry", "trying again"),
        ("how do I set a system prompt", "the system prompt"),
        ("can my friends use it in a group?", "who may talk"),
        ("what settings are there", "settings"),
        ("is my data private?", "your data"),
        ("it does not answer", "trouble"),
        ("which models fail on purpose?", "failing models"),
        ("how do I quit?", "the terminal"),
        ("what should I do next?", "getting started"),
        ("How do I put it on my phone?", "getting started"),
        ("are you ChatGPT?", "who I am"),
        ("write me a poem", "poems"),
        ("thank you!", "thanks"),
        ("有哪些命令？", "命令"),
        ("怎么获取 Telegram 机器人的 token？", "Telegram"),
        ("飞书怎么设置", "飞书"),
        ("API 服务器在哪里打开？", "Cherry Studio"),
        ("有哪些模型？", "有哪些模型"),
        ("怎么换模型", "换模型"),
        ("/new 是什么", "重新开始"),
        ("怎么停止回答", "停止"),
        ("怎么设置系统提示词", "系统提示词"),
        ("怎么在群里用", "谁可以用"),
        ("机器人没反应", "排查问题"),
        ("哪些模型会出错？", "会出错的模型"),
        ("你是谁", "我是谁"),
        ("怎么开始", "怎么开始"),
    ],
)
def test_it_answers_what_was_asked(question: str, topic: str) -> None:
    book = ZH if re.search(r"[\u4e00-\u9fff]", question) else EN
    assert _say(question) == book.topics[topic].text


@pytest.mark.parametrize(
    "greeting", ["hello", "Hi there!", "hey", "/start", "你好", "您好！", "在吗？", "Mia: hello", ""]
)
def test_it_greets(greeting: str) -> None:
    assert _say(greeting) == (ZH.greeting if re.search(r"[\u4e00-\u9fff]", greeting) else EN.greeting)


def test_it_answers_in_the_language_of_the_question() -> None:
    assert guide.language(read([{"role": "user", "content": "What does 你好 mean in your language?"}])) is EN
    assert guide.language(read([{"role": "user", "content": "怎么用 /model？"}])) is ZH
    assert guide.language(read([{"role": "user", "content": "こんにちは、元気ですか"}])) is EN
    kept = [{"role": "user", "content": "有哪些命令？"}, {"role": "user", "content": "???"}]
    assert guide.language(read(kept)) is ZH, "a question without a language has that of the one before"


def test_it_knows_what_was_asked_before() -> None:
    said = _say("Why is the sky blue?", "...", "And the *sea*?", "...", "What did I ask before?")
    assert "1. Why is the sky blue?\n2. And the \\*sea\\*?" in said
    assert said.startswith(EN.earlier)
    assert _say("What did I ask before?") == EN.earlier_none
    assert "1. 天空为什么是蓝色的" in _say("天空为什么是蓝色的", "……", "我之前问了什么？")


def test_a_long_past_is_cut_to_its_end() -> None:
    turns = [part for number in range(1, 51) for part in (f"question {number} " + "x" * 500, "...")]
    said = _say(*turns, "What were my questions before?")
    assert "50. question 50 " in said
    assert "30. question" not in said
    assert len(said) < 5000


def test_it_knows_how_much_it_was_given() -> None:
    assert "**3** (yours: 2, mine: 1), and no system prompt" in _say("a", "b", "How many messages were you given?")
    assert "**4** (yours: 2, mine: 1), and a system prompt" in _say("a", "b", "how many messages?", system="Be kind")
    assert "**3** 条消息：你的 2 条，我的 1 条" in _say("甲", "乙", "你收到了几条消息？")


def test_it_reads_the_system_prompt_back() -> None:
    said = _say("What does the system prompt say?", system="Answer like a pirate.\nAlways.")
    assert "> Answer like a pirate.\n> Always." in said
    assert _say("What does the system prompt say?") == EN.system_none
    assert "像海盗一样" in _say("系统提示词写了什么？", system="像海盗一样")


def test_it_knows_a_name_from_the_conversation_only() -> None:
    assert "**Mia**" in _say("My name is Mia.")
    assert "**Mia**" in _say("My name is Mia.", "...", "What commands are there?", "...", "What is my name?")
    assert _say("What is my name?") == EN.name_none
    assert "**小明**" in _say("我叫小明", "……", "我叫什么名字？")
    assert _say("我叫什么名字？") == ZH.name_none


def test_unknown_input_gets_a_friendly_word_and_suggestions() -> None:
    first = _say("Why is the sky blue?")
    assert "no language model" in first
    later = {_say(*["Why is the sky blue?", "..."] * n, "Why is the sky blue?") for n in range(1, 5)}
    assert len(later) == 4
    assert "and 2 with it" in _say("Why?", "...", "Why is the sky blue?")
    assert "不是语言模型" in _say("天空为什么是蓝色的")


def test_what_it_suggests_it_can_answer() -> None:
    """A person who does what the guide proposes is not told that it does not know."""
    for book, quoted in ((EN, r"\*([A-Z][^*]+\?)\*"), (ZH, r"[“*]([^“”*]+？)[”*]")):
        asked = [question for said in (*book.suggestions, book.greeting) for question in re.findall(quoted, said)]
        assert len(asked) > 5
        for question in asked:
            assert "demo, a script" not in (said := _say(question)), question
            assert "只是认得几个词" not in said, question


def test_it_says_when_it_was_shown_something() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    turns = read([{"role": "user", "content": [{"type": "text", "text": "hello"}, picture]}])
    assert guide.speak(turns).text == f"{EN.greeting}\n\n{EN.others.format(count=1)}"


GUIDES = [sections("guide.en"), sections("guide.zh")]
EVERYTHING = "\n".join(part for guide in GUIDES for part in guide.values())


def test_the_models_presented_are_the_models_there() -> None:
    for told in GUIDES:
        everything = "\n".join(told.values())
        named = {
            name
            for name in re.findall(r"`(?:/model )?([\w-]+:[^\s`]+)`", everything)
            if name.partition(":")[0] in {provider.id for provider in PROVIDERS}
        }
        assert named == {str(model.id) for model in MODELS}


def test_every_command_and_setting_that_it_names_is_there() -> None:
    named = set(re.findall(r"`/(\w+)", EVERYTHING + text("showcase")))
    elsewhere = {"newbot"}  # BotFather's
    assert named - elsewhere <= set(WORDS.commands)
    assert {"model", "models", "new", "stop", "retry", "system", "help"} <= named
    settings = {name.lower() for name in re.findall(r"BRIDGE_(\w+)", EVERYTHING)}
    assert settings <= {*Settings.model_fields, "proxy"}  # the proxy is a setting of the platforms
    commands = set(re.findall(r"`cherry-bridge (\w[\w-]*)", EVERYTHING))
    assert commands == {"access", "chat", "doctor", "init", "models", "run"}


def test_its_markdown_is_sound() -> None:
    """No mark is left standing in what a person reads: in Chinese a closing mark beside punctuation is one."""
    parser = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    computed = [
        _say("x", "y", q) for q in ("what did I ask before?", "how many messages?", "我叫小明", "天空呢", "sky?")
    ]
    for part in [*(part for told in GUIDES for part in told.values()), *computed, *EN.suggestions, *ZH.suggestions]:
        for block in parser.parse(part):
            for inline in block.children or ():
                if inline.type == "text":
                    assert not re.search(r"[*`|]|~~", inline.content), inline.content


def test_the_poet_speaks_of_what_was_asked_for() -> None:
    def ask(question: str) -> Performance:
        return poet.speak(Conversation((Turn("user", question),)))

    assert "Low Tide" in ask("a poem about the sea").text
    assert "退潮" in ask("写一首关于海的诗").text
    assert "退潮" in poet.speak_chinese(Conversation((Turn("user", "海"),))).text
    turns = [Turn("user", "another")]
    poems = {poet.speak(Conversation(tuple(turns * n))).text for n in range(1, 7)}
    assert len(poems) == 6, "asked again, it has another one"


def test_tokens_are_the_text() -> None:
    deltas, ending = Performance(showcase.TEXT, reasoning="first, a thought").deltas()
    assert ending == "stop"
    assert "".join(text for kind, text in deltas if kind == "text") == showcase.TEXT
    assert "".join(text for kind, text in deltas if kind == "reasoning") == "first, a thought"
    some, ending = Performance("one two three").within(2).deltas()
    assert ("".join(text for _, text in some), ending) == ("one two", "length")
    assert Performance("one two three").within(3).deltas()[1] == "stop"


def test_tokens_are_about_as_many_as_providers_count() -> None:
    english = Conversation((Turn("user", "The quick brown fox jumps over the lazy dog, and then it rests."),))
    assert 14 <= count(english) <= 30
    assert count(Conversation((Turn("user", "x" * 4_000_000),))) == 1_000_004
