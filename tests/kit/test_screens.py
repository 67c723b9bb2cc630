"""What models write beyond plain Markdown, as people see it on every screen: no mark stands there, no word is lost."""

from __future__ import annotations

import re

import pytest

from bridge.reply.open_markup import close_open_markup
from tests.kit.screens import SCREENS, telegram_marks

SAME = {
    # emphasis beside the punctuation of scripts without spaces, and of others
    "这是**重点：**内容": "这是重点：内容",
    "他说**“你好。”**然后": "他说“你好。”然后",
    "数字**100%**增长": "数字100%增长",
    "请看**《书名》**吧": "请看《书名》吧",
    "这里*看：*这里~~旧价：~~新": "这里看：这里旧价：新",
    "これは**「重要」**です。*『斜体』*の~~（削除）~~を": "これは「重要」です。『斜体』の（削除）を",
    '이것은 **중요(핵심)**입니다. **"강조"**은': '이것은 중요(핵심)입니다. "강조"은',
    "**Note:**text and **(a)**b": "Note:text and (a)b",
    # what looks like emphasis and is none
    "2*3*4 and a*b*c": "2*3*4 and a*b*c",
    "x**2 + y**2 = 2**10": "x**2 + y**2 = 2**10",
    "*foo*bar **x** 2*3": "foobar x 2*3",
    "snake __init__ case": "snake __init__ case",
    "__name__ == '__main__'; obj.__class__.__name__": "__name__ == '__main__'; obj.__class__.__name__",
    "__FILE__ __dirname__ __VA_ARGS__ self.__x and self.__y": "__FILE__ __dirname__ __VA_ARGS__ self.__x and self.__y",
    "snake_case_name _private": "snake_case_name _private",
    # formulas, and what is none
    "so \\( a+b \\) and $x^2$": "so a+b and x²",
    "$\\alpha$、$\\beta$和$\\gamma$": "α、β和γ",
    "价格是$5和$10，公式$x+1$成立": "价格是$5和$10，公式x+1成立",
    "It costs $5 and $10, US$5 or $20k–$30k.": "It costs $5 and $10, US$5 or $20k–$30k.",
    "`\\(a\\)` and `$x$`": "\\(a\\) and $x$",
    "$x \\not\\in A$, $\\ce{H2O}$": "x ∉ A, H₂O",
    "\\[ \\frac{a}{b} \\]": "a/b",
    "$$\n\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned}\n$$": "a = b\nc = d",
    "$$f = \\begin{cases} 1 & x>0 \\\\ 0 & \\text{else} \\end{cases}$$": "f = { 1, x>0\n0, else",
    "$$\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}$$": "[1 2; 3 4]",
    "\\begin{equation}\nE = mc^2\n\\end{equation}": "E = mc²",
    # HTML
    "<u>a</u> x<sup>2</sup> H<sub>2</sub>O <kbd>Ctrl</kbd>": "a x² H₂O Ctrl",
    "<B>b</B> <i class='x'>i</i> <s>s</s> <mark>m</mark>": "b i s m",
    '<font color="red">f</font> <span style="a:b">s</span>': "f s",
    "one<br>two<BR/>three": "one\ntwo\nthree",
    "use the <b> tag, vector<int> and </i>": "use the <b> tag, vector<int> and </i>",
    "a <!-- hidden -->b": "a b",
    "<!-- alone -->": "<!-- alone -->",
    "<script>x</script> <tg-spoiler>y</tg-spoiler>": "<script>x</script> <tg-spoiler>y</tg-spoiler>",
    "&lt;b&gt; &amp; &copy;": "<b> & ©",
    # pictures that carry their data
    "![cat](data:image/png;base64,AAAA)": "cat",
    '<img src="data:image/png;base64,AAAA" alt="cat">': "cat",
    "see data:image/png;base64,iVBORw0KGgo= here": "see data:image/png;base64,… here",
    # the rest
    ":smile: and 10:30:45": ":smile: and 10:30:45",
    "one\\\ntwo": "one\ntwo",
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("written", SAME)
def test_every_screen_shows_the_same_words(written: str, screen: str) -> None:
    shown = "\n".join(line.rstrip() for line in SCREENS[screen](written).strip().split("\n"))
    assert shown == SAME[written]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("> [!NOTE]\n> Keep.", ["Note", "Keep."]),
        ("> [!TIP]\n> 多试", ["提示", "多试"]),
        ("> [!IMPORTANT]\n> これは", ["重要", "これは"]),
        ("> [!WARNING]\n> 하지 마", ["경고", "하지 마"]),
        ("请看下面的内容：\n\n> [!CAUTION]\n> `rm -rf /`", ["请看下面的内容：", "小心", "rm -rf /"]),
        ("- item\n  > [!NOTE]\n  > in a list", ["item", "Note", "in a list"]),
        ("<details><summary>More</summary> text </details>", ["More", "text"]),
        ("<details>\n<summary>More</summary>\n\n- one\n\n</details>\nafter", ["More", "one", "after"]),
        ("```mermaid\ngraph TD\n```", ["graph TD"]),
        ("Term[^1] b[^n].\n\n[^n]: other\n    on\n\n    more\n[^1]: note\n\nEnd", ["Term¹ b²."]),
        ("- [ ] buy\n- [x] sell", ["☐ buy", "☑ sell"]),
        ("- a\n  - b\n    - c\n      - d\n        - e", ["a", "b", "c", "d", "e"]),
        ("# A\n## B\n###### C\n\n---\n\nx", ["A", "B", "C", "x"]),
        ("> | a | b |\n> |---|---|\n> | 1 | 2 |", ["a", "b", "1", "2"]),
        ("| a |\n|---|\n| x<br>y | \n", ["a", "x", "y"]),
    ],
)
def test_blocks_show_all_their_words_and_no_mark(written: str, parts: list[str], screen: str) -> None:
    shown = SCREENS[screen](written)
    at = 0
    for part in parts:
        assert part in shown[at:], shown
        at = shown.index(part, at) + len(part)
    assert not re.search(r"\[!|\[\^|</?details|</?summary|\[[ x]\]|^#", shown), shown


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "console"])
def test_footnotes_come_at_the_end_in_their_order(screen: str) -> None:
    shown = SCREENS[screen]("Term[^1] b[^n].\n\n[^n]: other\n    on\n\n    more\n[^1]: note\n\nEnd")
    assert re.sub(r"\n+", "\n", shown) == "Term¹ b².\nEnd\n¹ note\n² other on\nmore"


def test_a_terminal_shows_footnotes_where_they_are() -> None:
    shown = SCREENS["console"]("Term[^1].\n\n[^1]: note\n    on\n\n    more\n\nEnd")
    assert re.sub(r"\n+", "\n", shown) == "Term¹.\n¹ note on\nmore\nEnd"


def test_telegram_marks_what_was_marked() -> None:
    assert telegram_marks("这是**重点：**内容，**Note:**text", "bold") == ["重点：", "Note:"]
    assert telegram_marks("<div>\n**bold**\n</div>", "bold") == ["bold"], "a tag does not hide what follows"
    assert telegram_marks("<details><summary>A</summary>b</details>", "expandable_blockquote") == ["b"]
    assert telegram_marks('<a href="https://e.org">a</a> <a href="javascript:x">b</a>', "text_link") == ["a"]


WHOLE = [
    '<font color="red">red words</font> after ',
    '<a href="https://example.org">a link</a> after ',
    "a <!-- hidden --> comment ",
    "$\\frac{a}{b}$ is a formula ",
    "> [!NOTE]\n> Keep. ",
    "x**2 and 2*3 ",
]


@pytest.mark.parametrize("whole", WHOLE)
def test_nothing_flashes_while_it_grows(whole: str) -> None:
    assert close_open_markup(whole).rstrip() == whole.rstrip()
    for end in range(1, len(whole)):
        shown = SCREENS["telegram"](close_open_markup(whole[:end]))
        assert not re.search(r"<(?:f|a|!)|href|\\frac|\$|\[!|hidden", shown), (whole[:end], shown)
