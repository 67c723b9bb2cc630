"""Short poems in English and Chinese, on a few subjects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.demo.scripts import guide
from bridge.demo.scripts.guide_zh import ZH


@dataclass(frozen=True, slots=True)
class Poem:
    words: str
    """A regular expression: what it is about."""
    title: str
    lines: str


ENGLISH = (
    Poem(
        r"\bsea\b|ocean|\bboat|\bship|water|river",
        "Low Tide",
        """\
The sea has gone to fetch more sea
and left its door ajar.
A boat lies sideways on the sand
and practises being far.

A child writes *back soon* with a stick.
The foam comes up to read,
approves it with a single stroke,
and takes it, word by word, to keep.""",
    ),
    Poem(
        r"night|moon|\bstar|sleep|dark|dream",
        "Two in the Morning",
        """\
One window in the street is lit.
Behind it someone stays
to finish what the day began
and hid beneath its days.

The moon looks in and asks no more
than moons have ever done:
*How is it, being only small,
and up, and only one?*""",
    ),
    Poem(
        r"\bcats?\b|\bdogs?\b|animal|\bbird|kitten|puppy",
        "The Cat on the Keyboard",
        """\
She wrote *ggggggggh* and then *ö,*
reviewed it, found it good,
and published it to everyone
as only true art should.

I offered her an editor.
She looked at me, and yawned:
the first draft is the only draft
from midnight until dawn.""",
    ),
    Poem(
        r"code|program|computer|\bbug|software|python|robot|machine",
        "Off by One",
        """\
I counted all the stairs at home
from zero, as one should,
and so I took the last step twice,
which did me little good.

The carpenter who built them laughed:
*They always were thirteen.*
I have since then looked where I walk,
and seldom at the screen.""",
    ),
    Poem(
        r"love|heart|friend|mother|father|miss\b",
        "Letter",
        """\
I wrote you something very short.
It took me half the night.
I crossed out everything but this:
*the kettle's on. The light

is too. The key is where it was.*
I read it, and it's true,
and every word that I crossed out
is in it, meaning you.""",
    ),
    Poem(
        r"spring|summer|autumn|fall\b|winter|rain|snow|wind|weather|tree|leaf|flower",
        "October",
        """\
The tree is giving notice now,
one yellow page a day.
The wind is reading every one
and throwing it away.

But look: at each abandoned place
a bud, shut tight and plain,
has put the whole of April down
and signed it with its name.""",
    ),
)

CHINESE = (
    Poem(
        r"海|河|江|湖|船|水",
        "退潮",
        """\
海去取更多的海，
把门虚掩着。
船侧身躺在沙上，
练习远方。

孩子用树枝写下：就回来。
浪读了一遍，
画一个圈，
把字一个一个带走。""",
    ),
    Poem(
        r"月|夜|星|梦|睡|晚",
        "凌晨两点",
        """\
整条街只亮一扇窗。
有人在替白天
写完最后一行。

月亮停下来看，
像看另一个
也不肯睡的自己。""",
    ),
    Poem(
        r"春|夏|秋|冬|雨|雪|风|花|树|叶",
        "十月",
        """\
树每天撕下一页，
风拿去读，
读完就扔在路上。

可是每个空出来的地方
都藏着一粒芽，
替四月签好了名。""",
    ),
    Poem(
        r"爱|想念|思念|朋友|家|妈|爸|母|父",
        "信",
        """\
给你的信写了半夜，
最后只剩一句：
灯开着，水烧着，
钥匙在老地方。

划掉的那些字，
都住在这一句里。""",
    ),
    Poem(
        r"代码|程序|编程|电脑|机器|猫|狗|bug",
        "猫与键盘",
        """\
她踩出一行乱码，
回头看看，很满意，
按下了发送。

我说要不要改一改？
她打了个哈欠：
好诗不改。""",
    ),
)


def speak(conversation: Conversation) -> Performance:
    return _recite(conversation, CHINESE if guide.language(conversation) is ZH else ENGLISH)


def speak_chinese(conversation: Conversation) -> Performance:
    return _recite(conversation, CHINESE)


def _recite(conversation: Conversation, poems: Sequence[Poem]) -> Performance:
    """The poem on what was asked for; on nothing that it knows, another one every time."""
    question = conversation.question[: guide.READ]
    first = (crc32(question.encode(errors="replace")) + len(conversation.earlier)) % len(poems)
    about = next((poem for poem in poems if re.search(poem.words, question, re.IGNORECASE)), poems[first])
    # Two spaces keep a line of verse a line in Markdown.
    verse = re.sub(r"(?<=\S)\n(?=\S)", "  \n", about.lines)
    return Performance(f"**{about.title}**\n\n{verse}", rate=30)
