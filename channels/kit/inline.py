"""What stands within a line of Markdown as models write it, in the words of one platform's dialect.

Read once from left to right, so that its cost grows with the line alone. Emphasis, links and code stay as they are
written; formulas, HTML, footnotes, pictures and names with underscores are what platforms do not agree on.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from channels.kit import latex

PICTURE = "picture"
"""Stands for a picture without words of its own that is not at an address."""

JOINT = "\ufdd0"
"""Shows as nothing, and is neither space nor punctuation to a parser."""
MARKS = {
    "b": ("\ufdd2", "\ufdd3"),
    "i": ("\ufdd4", "\ufdd5"),
    "u": ("\ufdd6", "\ufdd7"),
    "s": ("\ufdd8", "\ufdd9"),
}
"""Where the formatting of HTML's tags begins and ends, for a dialect that takes them out again after parsing. `clean`
lets none of these characters in from outside."""

_TAGS = {
    **{name: name for name in ("b", "i", "u", "s", "a", "code", "sup", "sub", "details", "summary")},
    "strong": "b",
    "em": "i",
    "ins": "u",
    "del": "s",
    "strike": "s",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
}
_ALONE = ("br", "wbr", "img")
"""Tags that have no end."""
_NAMES = "|".join(sorted((*_TAGS, *_ALONE), key=len, reverse=True))
# Each alternative begins with a character of its own, which lets the search skip all others at the speed of C.
_TOKEN = (
    r"`(?<!``)(?P<ticks>`*)(?!`)(?P<code>.+?)(?<!`)`(?P=ticks)(?!`)"
    r"|\\\((?P<round>(?:[^`\\]|\\(?![()]))+)\\\)"
    r"|\\\[(?P<square>(?:[^`\\]|\\(?![\[\]]))+)\\\]"
    r"|\\(?P<escaped>[!-'*-/:-@^-`{-~])"
    r"|\$\$(?P<double>[^$`]+)\$\$"
    r"|\$(?<![\w\\$]\$)(?P<single>[^\s$`](?:[^$`]*[^\s\\$`])?)\$(?![\w$])"
    r"|!\[(?P<picture>[^\]\[]*)\]\(<?(?P<source>[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+\"[^\"]*\")?\s*\)"
    r"|\[(?=!\[)!\[(?P<badge>[^\]\[]*)\]\([^()\s]*\)\]\((?P<leads>[^()\s]+)\)"
    r"|\]\((?P<data>data:[^\s)]*)\)?"
    r"|\](?P<target>\([^\s)]*)"
    r"|:(?P<address>//[^\s<>]+)"
    rf"|<(?i:(?P<slash>/?)(?P<tag>{_NAMES})(?P<attributes>\s[^<>]*)?/?>)"
    r"|<(?P<automatic>https?://[^\s<>]+)>"
    r"|&(?P<entity>(?=(?i:(?:lt|#0*60|#x0*3c);at\b)))"
    r"|<(?P<angle>(?=[A-Za-z/!?]))"
    r"|\[\^(?P<note>[^\]\s^\[]{1,30})\]"
    r"|_(?<![\w*]_)_(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)__(?!\w)"
)
_SPECIAL = re.compile(_TOKEN)
_SPECIAL_OR_EMPHASIS = re.compile(_TOKEN + r"|\*(?<!\*\*)(?P<stars>\*{0,2})(?!\*)|~(?<!~~)(?P<waves>~)(?!~)")
_LOOKS_LIKE_MATHS = re.compile(r"[\\^_{}=<>]|^[(\[|-]?\d*[A-Za-z](?![A-Za-z])|^[\d.,+*/() -]+$")
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ADDRESS_OF = re.compile(r"\b(?:src|href)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_ENDS_OF_WORDS = ".,;:!?)\"'*`”’」』。，！？；：）"
_REFERENCE = re.compile(r"\[\^(\w[\w-]{0,29})\](?![*+?{])(:?)")


@dataclass(frozen=True, slots=True)
class Style:
    """How one dialect writes what Markdown leaves open."""

    tags: Mapping[str, tuple[str, str]]
    """What begins and what ends `b`, `i`, `u` and `s`, the tags of HTML."""
    joint: str = ""
    """An invisible character that lets emphasis begin and end beside punctuation; empty where it does anyway."""
    angle: str = "<"
    """A `<` before a name that is none of HTML we know."""
    nests_pictures: bool = True
    """Whether a picture may stand in a link."""
    ampersand: str = "&"
    """The beginning of `&lt;at`, which some platform takes for `<at`."""
    picture: Callable[[str, str], str] = lambda words, address: f"![{words}]({address})"
    link: Callable[[str, str], str] = lambda words, address: f"[{words}]({address})"
    automatic: Callable[[str], str] = lambda address: f"<{address}>"
    code: Callable[[str], str] | None = None
    """A span of code, its marks included; None where it may stay as it is."""


@dataclass(slots=True)
class Notes:
    """The numbers of a text's footnotes: those that are numbers keep theirs, others get the next that is free."""

    numbers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Notes:
        """The notes of `text`. What is no number is one where it is defined or stands right behind a word: in regular
        expressions such brackets mean something else."""
        notes = cls()
        if "[^" not in text:
            return notes
        found = list(_REFERENCE.finditer(text))
        known = {each[1] for each in found if each[1].isdecimal() or each[2] or _follows_words(text, each.start())}
        for label in dict.fromkeys(each[1] for each in found if each[1] in known):
            taken = notes.numbers.values()
            free = next(number for number in map(str, range(1, len(taken) + 2)) if number not in taken)
            notes.numbers[label] = label if label.isdecimal() else free
        return notes

    def mark(self, label: str) -> str:
        """What refers to the note; empty where there is none of this label."""
        return latex.raised(self.numbers[label]) if label in self.numbers else ""


class _Line:
    """One line on its way from what was written to what is shown."""

    def __init__(self, source: str, style: Style, notes: Notes) -> None:
        self._source = source
        self._style = style
        self._notes = notes
        self._parts: list[str] = []
        self._open: dict[str, list[tuple[int, int, str]]] = {}
        """For each tag that is open: its part, where its words begin in the source, and its address."""
        self._emphasis: list[tuple[str, int, bool]] = []
        """The marks that may begin emphasis: themselves, their part, whether they need a joint to do so."""

    def written(self) -> str:
        end = 0
        source = self._source
        pattern = _SPECIAL if source.isascii() or not self._style.joint else _SPECIAL_OR_EMPHASIS
        parts, code = self._parts, self._style.code
        for found in pattern.finditer(source):
            handle = _HANDLERS.get(found.lastgroup or "")
            if handle is None or (handle is _Line._on_code and code is None):
                continue
            parts.append(source[end : found.start()])
            parts.append(found[0])
            end = found.end()
            handle(self, found)
        if not end:
            return source
        parts.append(source[end:])
        return "".join(parts)

    def _put(self, text: str) -> None:
        self._parts[-1] = text

    def _on_code(self, found: re.Match[str]) -> None:
        self._put(self._code(found[0]))

    def _code(self, span: str) -> str:
        return self._style.code(span) if self._style.code else span

    def _on_formula(self, found: re.Match[str]) -> None:
        formula = found[found.lastgroup or 0]
        if found.lastgroup == "single" and not _LOOKS_LIKE_MATHS.search(formula):
            return  # two prices, or two variables of a shell
        if plain := latex.unicode(formula):
            self._put(self._code(code_span(plain)))

    def _on_picture(self, found: re.Match[str]) -> None:
        self._put(self._picture(found["picture"], found["source"]))

    def _picture(self, words: str, address: str) -> str:
        if address.startswith("data:"):
            return words or PICTURE
        return self._style.picture(words, address)

    def _on_badge(self, found: re.Match[str]) -> None:
        """A picture that is a link: a link with the picture's words."""
        words, address = found["badge"] or PICTURE, found["leads"]
        if not self._style.nests_pictures or "(data:" in found[0]:
            self._put(words if address.startswith("data:") else self._style.link(words, address))

    def _on_data(self, found: re.Match[str]) -> None:
        """The end of a link to data, of which only the words are left."""
        before, bracket, words = self._parts[-2].rpartition("[")
        if bracket:
            self._parts[-2] = before + words
        self._put("" if bracket else "]")

    def _on_tag(self, found: re.Match[str]) -> None:
        tag = found["tag"].lower()
        attributes = found["attributes"] or ""
        if tag == "br":
            self._put("\n")
        elif tag == "wbr":
            self._put("")
        elif tag == "img":
            address = _attribute(_ADDRESS_OF, attributes)
            self._put(self._picture(_attribute(_ALT, attributes), address) if address else PICTURE)
        elif tag in ("details", "summary"):
            self._put("")
        elif not found["slash"]:
            opened = (len(self._parts) - 1, found.end(), _attribute(_ADDRESS_OF, attributes))
            self._open.setdefault(_TAGS[tag], []).append(opened)
        elif opens := self._open.get(_TAGS[tag]):
            self._close(_TAGS[tag], found.start(), *opens.pop())

    def _close(self, tag: str, end: int, part: int, begin: int, address: str) -> None:
        """Both tags are there: write what they mean."""
        words = "".join(self._parts[part + 1 : -1])
        if tag == "a":
            whole = self._style.link(words, address) if address and not address.startswith("data:") else words
        elif tag == "code":
            code = html.unescape(self._source[begin:end])
            whole = self._code(code_span(code)) if code.strip() else ""
        elif tag in ("sup", "sub"):
            whole = (latex.raised if tag == "sup" else latex.lowered)(words)
        else:
            whole = self._emphasised(words, *self._style.tags[tag])
        del self._parts[part:]
        self._parts.append(whole)
        self._emphasis = [mark for mark in self._emphasis if mark[1] < part]
        for opens in self._open.values():
            opens[:] = [each for each in opens if each[0] < part]

    def _emphasised(self, words: str, begin: str, end: str) -> str:
        """`words` between two marks, where no parser minds the punctuation and the spaces beside them."""
        inner = words.strip()
        if not inner:
            return words
        left, _, right = words.partition(inner)
        first, last = (self._style.joint if _is_mark(char) else "" for char in (inner[0], inner[-1]))
        return f"{left}{begin}{first}{inner}{last}{end}{right}"

    def _on_automatic(self, found: re.Match[str]) -> None:
        self._put(self._style.automatic(found["automatic"]))

    def _on_angle(self, found: re.Match[str]) -> None:
        self._put(self._style.angle)

    def _on_entity(self, found: re.Match[str]) -> None:
        self._put(self._style.ampersand)

    def _on_note(self, found: re.Match[str]) -> None:
        if mark := self._notes.mark(found["note"]):
            self._put(mark)

    def _on_name(self, found: re.Match[str]) -> None:
        self._put(found[0].replace("__", "\\_\\_"))

    def _on_emphasis(self, found: re.Match[str]) -> None:
        """Emphasis that CommonMark would not see, beside the punctuation of scripts without spaces."""
        run, (begin, end), source = found[0], found.span(), self._source
        before, after = source[begin - 1 : begin] or " ", source[end : end + 1] or " "
        near_wide = not (before.isascii() and after.isascii())
        for number in range(len(self._emphasis) - 1, -1, -1):
            mark, part, wanting = self._emphasis[number]
            if mark == run and not before.isspace():
                if wanting:
                    self._parts[part] += self._style.joint
                if near_wide and _is_mark(before) and not (after.isspace() or _is_mark(after)):
                    self._put(self._style.joint + run)
                del self._emphasis[number:]
                return
        if not after.isspace():
            wanting = near_wide and _is_mark(after) and not (before.isspace() or _is_mark(before))
            self._emphasis.append((run, len(self._parts) - 1, wanting))


_HANDLERS: dict[str, Callable[[_Line, re.Match[str]], None]] = {
    "code": _Line._on_code,
    **dict.fromkeys(("round", "square", "double", "single"), _Line._on_formula),
    "source": _Line._on_picture,
    "data": _Line._on_data,
    **dict.fromkeys(("tag", "attributes"), _Line._on_tag),
    "automatic": _Line._on_automatic,
    "angle": _Line._on_angle,
    "entity": _Line._on_entity,
    "leads": _Line._on_badge,
    "note": _Line._on_note,
    "name": _Line._on_name,
    **dict.fromkeys(("stars", "waves"), _Line._on_emphasis),
}


def inline(line: str, style: Style, notes: Notes) -> str:
    """`line` in the dialect of `style`; a `<br>` in it makes it several."""
    if _SPECIAL.search(line) is None and (not style.joint or line.isascii() or ("*" not in line and "~" not in line)):
        return line
    return _Line(line, style, notes).written()


def code_span(text: str) -> str:
    """`text` as a span of code, whatever backticks are in it."""
    text = " ".join(text.split("\n"))
    if "`" not in text:
        return f"`{text}`"
    run = "`" * (1 + max(map(len, re.findall("`+", text))))
    return f"{run} {text} {run}"


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    found = pattern.search(attributes)
    return html.unescape(next((value for value in found.groups() if value), "")) if found else ""


def _follows_words(text: str, place: int) -> bool:
    return place > 0 and (text[place - 1].isalnum() or text[place - 1] in _ENDS_OF_WORDS)


def _is_mark(char: str) -> bool:
    """Whether CommonMark takes `char` for punctuation."""
    return unicodedata.category(char)[0] in "PS"
