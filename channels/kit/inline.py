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
from channels.kit.notes import Notes

MAX_OPEN = 50
"""Marks that may be open at a time: of more, the first begin nothing."""
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
    "mark": "b",
    **{f"h{level}": "b" for level in range(1, 7)},
    "em": "i",
    "ins": "u",
    "del": "s",
    "strike": "s",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
    **dict.fromkeys(("font", "span", "small", "big", "center", "abbr", "label"), "plain"),
}
_ALONE = ("br", "wbr", "img")
"""Tags that have no end."""
_NAMES = "|".join(sorted((*_TAGS, *_ALONE), key=len, reverse=True))
_CONSTANTS = (
    r"(?:FILE|LINE|DIR|CLASS|FUNCTION|METHOD|NAMESPACE|TRAIT|DATE|TIME|VERSION|COUNTER"
    r"|[A-Z]+(?:_[A-Z]+)+|[a-z]+[A-Z][A-Za-z0-9]*)"
)
"""Names between two underscores that are not in lower case throughout: PHP's and C's."""
# Each alternative begins with a character of its own, which lets the search skip all others at the speed of C.
_TOKEN = (
    r"`(?<!``)(?P<ticks>`*)(?!`)(?P<code>.+?)(?<!`)`(?P=ticks)(?!`)"
    r"|\\\((?P<round>(?:[^`\\]|\\(?![()]))+)\\\)"
    r"|\\\[(?P<square>(?:[^`\\]|\\(?![\[\]]))+)\\\]"
    r"|\\(?P<escaped>[!-'*-/:-@^-`{-~])"
    r"|\$\$(?P<double>[^$`]+)\$\$"
    r"|\$(?<![A-Za-z0-9_\\$]\$)(?P<single>[^\s$`](?:[^$`]*[^\s\\$`])?)\$(?![A-Za-z0-9_$])"
    r"|!\[(?P<picture>[^\]\[]*)\]\(<?(?P<source>[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+\"[^\"]*\")?\s*\)"
    r"|\[(?=!\[)!\[(?P<badge>[^\]\[]*)\]\([^()\s]*\)\]\((?P<leads>[^()\s]+)\)"
    r"|\]\((?P<data>data:[^\s)]*)\)?"
    r"|\](?P<target>\([^\s)]*)"
    r"|:(?P<address>//[^\s<>]+)"
    rf"|<(?i:(?P<slash>/?)(?P<tag>{_NAMES})(?P<attributes>\s[^<>]*)?/?>)"
    r"|<(?P<automatic>https?://[^\s<>]+)>"
    r"|;(?P<payload>base64,[A-Za-z0-9+/=_-]+)"
    r"|&(?P<entity>(?=(?i:(?:lt|#0*60|#x0*3c);at\b)))"
    r"|&(?P<reference>#?\w{1,31};)"
    r"|<(?P<comment>!--(?:[^-]|-(?!->)){0,200}-->)"
    r"|<(?P<angle>(?=[A-Za-z/!?]))"
    r"|\[\^(?P<note>[^\]\s^\[]{1,30})\^?\]"
    rf"|_(?<![\w*]_)_(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)*|{_CONSTANTS})__(?!\w)"
    r"|_(?<!__)_(?P<under>(?!_))"
    r"|\*(?<=[A-Za-z0-9]\*)(?P<times>(?=[A-Za-z0-9]))"
    r"|\*\*(?<=[A-Za-z0-9]\*\*)(?P<power>(?=[0-9]))"
    r"|\*\*(?<=[!-)+-/:-@\[-^`{-~]\*\*)(?P<ends>(?=[A-Za-z0-9]))"
)
_SPECIAL = re.compile(_TOKEN)
_SPECIAL_OR_EMPHASIS = re.compile(_TOKEN + r"|\*(?<!\*\*)(?P<stars>\*{0,2})(?!\*)|~(?<!~~)(?P<waves>~)(?!~)")
_LOOKS_LIKE_MATHS = re.compile(r"[\\^_{}=<>]|^[(\[|-]?\d*[A-Za-z](?![A-Za-z])|^[\d.,+*/() -]+$")
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ADDRESS_OF = re.compile(r"\b(?:src|href)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_LINKABLE = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_IN_AN_ADDRESS = {ord("("): "%28", ord(")"): "%29", ord(" "): "%20", ord("\n"): None}
_OF_EMPHASIS = re.compile(r"(?<![*\\])\*(?![*\s])|(?<=[^*\s\\])\*(?!\*)")
TIMES = re.compile(r"\*(?<=[A-Za-z0-9]\*)\*?(?=[A-Za-z0-9])")
"""Stars that are escaped, unless they end emphasis."""


Handler = Callable[["_Line", re.Match[str]], None]


@dataclass(frozen=True, slots=True)
class Style:
    """How one dialect writes what Markdown leaves open."""

    tags: Mapping[str, tuple[str, str]]
    """What begins and what ends `b`, `i`, `u` and `s`, the tags of HTML."""
    escape: Callable[[str], str] = lambda mark: f"\\{mark}"
    """A mark that is to be read as text."""
    underscores: bool = False
    """Whether two underscores mean something else than CommonMark's strong emphasis, anywhere in a word."""
    decodes: bool = False
    """Whether HTML's entities have to be decoded here, for the platform does not."""
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
    handlers: dict[str, Handler] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What is done about each kind of token; nothing about those that stay as they are."""

    def __post_init__(self) -> None:
        stays = {
            "code": self.code is None,
            "angle": self.angle == "<",
            "entity": self.ampersand == "&",
            "reference": not self.decodes,
            "under": not self.underscores,
            "ends": not self.joint,
        }
        self.handlers.update({kind: handle for kind, handle in _HANDLERS.items() if not stays.get(kind)})


class _Line:
    """One line on its way from what was written to what is shown."""

    def __init__(self, source: str, style: Style, notes: Notes) -> None:
        self._source = source
        self._style = style
        self._notes = notes
        self._parts: list[str] = []
        self._end = 0
        """Up to where the source has been read."""
        self._open: dict[str, list[tuple[int, int, str]]] = {}
        """For each tag that is open: its part, where its words begin in the source, and its address."""
        self._emphasis: list[tuple[str, int, bool]] = []
        """The marks that may begin emphasis: themselves, their part, whether they need a joint to do so."""
        self._stars = self._stars_until = self._strong = self._strong_until = 0
        """How many marks of emphasis of one and of two stars there are, and up to where they were counted."""
        self._under: dict[str, int] = {}
        """The part of the two underscores that may begin strong emphasis."""

    def take(self, found: re.Match[str], handle: Handler) -> None:
        """Write what `found` stands for, after the text in front of it."""
        self._parts += (self._source[self._end : found.start()], found[0])
        self._end = found.end()
        handle(self, found)

    def written(self) -> str:
        """All of the line."""
        parts = self._parts
        parts.append(self._source[self._end :])
        for opens in self._open.values():
            for part, _, _ in opens:  # a tag that nothing closes is text
                parts[part] = self._style.angle + parts[part][1:]
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
            self._put("\n" if (tag == "summary") == bool(found["slash"]) and "".join(self._parts[:-1]).strip() else "")
        elif not found["slash"]:
            opened = (len(self._parts) - 1, found.end(), _attribute(_ADDRESS_OF, attributes))
            self._open.setdefault(_TAGS[tag], []).append(opened)
        elif opens := self._open.get(_TAGS[tag]):
            self._close(_TAGS[tag], found.start(), *opens.pop())
        else:
            self._put(self._style.angle + found[0][1:])

    def _close(self, tag: str, end: int, part: int, begin: int, address: str) -> None:
        """Both tags are there: write what they mean."""
        words = "".join(self._parts[part + 1 : -1])
        if tag == "a":
            whole = self._link(words, address)
        elif tag == "plain":
            whole = words
        elif tag == "code":
            code = html.unescape(self._source[begin:end])
            whole = self._code(code_span(code)) if code.strip() else ""
        elif tag in ("sup", "sub"):
            whole = (latex.raised if tag == "sup" else latex.lowered)(words)
        else:
            whole = self._emphasised(words, *self._style.tags[tag])
        del self._parts[part:]
        self._parts.append(whole)
        while self._emphasis and self._emphasis[-1][1] >= part:
            self._emphasis.pop()
        for opens in self._open.values():
            while opens and opens[-1][0] >= part:
                opens.pop()

    def _link(self, words: str, address: str) -> str:
        """A link of HTML; what leads to no page stands beside its words."""
        if not address or address.startswith("data:"):
            return words
        if _LINKABLE.match(address):
            return self._style.link(words, address.translate(_IN_AN_ADDRESS))
        return f"{words} ({address})"

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
        mark = self._style.escape("_") * 2
        self._put(f"{mark}{found['name']}{mark}")

    def _on_under(self, found: re.Match[str]) -> None:
        """Two underscores that do not surround a name: strong emphasis, or text within words."""
        run, (begin, end), source = found[0], found.span(), self._source
        before, after = source[begin - 1 : begin] or " ", source[end : end + 1] or " "
        if run in self._under and not before.isspace() and not _is_of_a_word(after):
            self._parts[self._under.pop(run)] = "**"
            self._put("**")
            return
        self._put(self._style.escape("_") * 2)
        if not after.isspace() and not _is_of_a_word(before) and not (before == "." and _is_of_a_word(after)):
            self._under[run] = len(self._parts) - 1

    def _on_times(self, found: re.Match[str]) -> None:
        """A star between two characters of a word: 2*3*4, unless it ends what a star has begun."""
        self._stars += len(_OF_EMPHASIS.findall(self._source, self._stars_until, found.start()))
        self._stars_until = found.end()
        if self._stars % 2:
            self._stars += 1
        else:
            self._put(self._style.escape("*"))

    def _on_ends(self, found: re.Match[str]) -> None:
        """**Strong emphasis:**before a letter, which CommonMark would not end there."""
        if self._is_strong(found):
            self._put(f"{self._style.joint}**")

    def _on_power(self, found: re.Match[str]) -> None:
        """x**2, unless it ends what two stars have begun."""
        if not self._is_strong(found):
            self._put(self._style.escape("*") * 2)
            self._strong += 1

    def _is_strong(self, found: re.Match[str]) -> bool:
        """Whether there are two stars before that nothing has ended yet."""
        self._strong += self._source.count("**", self._strong_until, found.start())
        self._strong_until = found.start()
        return bool(self._strong % 2)

    def _on_payload(self, found: re.Match[str]) -> None:
        self._put(";base64,…")

    def _on_reference(self, found: re.Match[str]) -> None:
        if (char := html.unescape(found[0])) != found[0]:
            self._put(self._style.escape(char) if char in "*_~`|\\<>#" else " " if char == "\xa0" else char)

    def _on_comment(self, found: re.Match[str]) -> None:
        self._put("")

    def _on_emphasis(self, found: re.Match[str]) -> None:
        """Emphasis that CommonMark would not see, beside the punctuation of scripts without spaces."""
        run, (begin, end), source = found[0], found.span(), self._source
        before, after = source[begin - 1 : begin] or " ", source[end : end + 1] or " "
        near_wide = not (before.isascii() and after.isascii())
        for number in range(len(self._emphasis) - 1, max(len(self._emphasis) - MAX_OPEN, 0) - 1, -1):
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


_HANDLERS: dict[str, Handler] = {
    "code": _Line._on_code,
    **dict.fromkeys(("round", "square", "double", "single"), _Line._on_formula),
    "source": _Line._on_picture,
    "data": _Line._on_data,
    **dict.fromkeys(("tag", "attributes"), _Line._on_tag),
    "automatic": _Line._on_automatic,
    "angle": _Line._on_angle,
    "entity": _Line._on_entity,
    "leads": _Line._on_badge,
    "reference": _Line._on_reference,
    "payload": _Line._on_payload,
    "comment": _Line._on_comment,
    "note": _Line._on_note,
    "name": _Line._on_name,
    "under": _Line._on_under,
    "times": _Line._on_times,
    "power": _Line._on_power,
    "ends": _Line._on_ends,
    **dict.fromkeys(("stars", "waves"), _Line._on_emphasis),
}


def inline(line: str, style: Style, notes: Notes) -> str:
    """`line` in the dialect of `style`; a `<br>` in it makes it several."""
    handlers, work = style.handlers, None
    reads_emphasis = style.joint and ("*" in line or "~" in line) and not line.isascii()
    for found in (_SPECIAL_OR_EMPHASIS if reads_emphasis else _SPECIAL).finditer(line):
        if handle := handlers.get(found.lastgroup or ""):
            work = work or _Line(line, style, notes)
            work.take(found, handle)
    return work.written() if work else line


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


def _is_of_a_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _is_mark(char: str) -> bool:
    """Whether CommonMark takes `char` for punctuation."""
    return unicodedata.category(char)[0] in "PS"
