"""LaTeX, which no chat platform shows, in the characters that Unicode has for it.

No replacement has more characters than what it replaces, so a text that fits a message still fits it afterwards.
What has no such character stays as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

_PAIRS = """
alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ
nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω
varepsilon ε vartheta ϑ varphi φ varrho ϱ varsigma ς
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
times × div ÷ pm ± mp ∓ cdot · ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗
le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ equiv ≡ sim ∼ simeq ≃ cong ≅ propto ∝
ll ≪ gg ≫ prec ≺ succ ≻ perp ⊥ parallel ∥ mid ∣
sum ∑ prod ∏ int ∫ iint ∬ oint ∮ partial ∂ nabla ∇ infty ∞
in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ cup ∪ cap ∩ setminus ∖ emptyset ∅ varnothing ∅
forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ land ∧ lor ∨ wedge ∧ vee ∨ therefore ∴ because ∵ top ⊤ bot ⊥ vdash ⊢
to → gets ← rightarrow → leftarrow ← leftrightarrow ↔ mapsto ↦ uparrow ↑ downarrow ↓ longrightarrow →
Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⇒ iff ⇔
ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ hbar ħ ell ℓ Re ℜ Im ℑ aleph ℵ angle ∠ degree ° prime ′
langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lvert | rvert | lVert ‖ rVert ‖
"""
_WORDS_AND_SIGNS = _PAIRS.split()
_SYMBOLS = {
    **dict(zip(_WORDS_AND_SIGNS[::2], _WORDS_AND_SIGNS[1::2], strict=True)),
    **dict.fromkeys(("quad", "qquad"), " "),
    **dict.fromkeys(("left", "right", "big", "Big", "bigg", "Bigg"), ""),
    **dict.fromkeys(("displaystyle", "textstyle", "limits", "nolimits", "nonumber"), ""),
}
_DOUBLE_STRUCK = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "E": "𝔼"}
_UP = str.maketrans("0123456789+-=()abcdefghijklmnoprstuvwxyzTi", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀⁱ")
_DOWN = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")

_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308"}

_STYLES = (
    r"\\(?:text(?:bf|it|rm)?|math(?:rm|bf|it|sf|cal|scr|frak|tt)|operatorname\*?"
    r"|boldsymbol|boxed|ce|overline|underline)"
)
_WORDS = re.compile(_STYLES + r"\{([^{}]*)\}")
_STYLED_SCRIPT = re.compile(r"([\^_])" + _STYLES + r"\{([^{}]*)\}")
_ACCENT = re.compile(r"\\(hat|bar|tilde|vec|dot|ddot)(?:\{([^{}]*)\}|[ ]?([A-Za-z]))")
_STRUCK = re.compile(r"\\mathbb\{?([A-Z])\}?")
_FRACTION = re.compile(r"\\[dtc]?frac(?:\{([^{}]*)\}\{([^{}]*)\}|(\d)(\d))")
_CHOICE = re.compile(r"\\[dt]?binom\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt(?:\[(\d)\])?\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]*)\}|([A-Za-z0-9+*]))")
_DEGREES = re.compile(r"\^(?:\{\\circ\}|\\circ(?![A-Za-z]))")
_FUNCTION = re.compile(
    r"\\(sin|cos|tan|cot|sec|csc|sinh|cosh|tanh|arcsin|arccos|arctan|log|ln|lg|exp|lim|limsup|liminf"
    r"|max|min|sup|inf|det|gcd|arg|deg|dim|ker|mod|Pr)(?![A-Za-z])"
)
_SYMBOL = re.compile(r"\\([A-Za-z]+)")
_NOT = re.compile(r"\\not\s*(\\[A-Za-z]+|[=<>])")
_MATRIX = re.compile(r"\\begin\{([pbvBV]?)matrix\}(.*?)\\end\{\1matrix\}", re.DOTALL)
_BRACKETS = {"": ("", ""), "p": "()", "b": "[]", "v": "||", "B": ("\\{", "\\}"), "V": "‖‖"}
_CASES = re.compile(r"\\begin\{(?:d?cases)\}(.*?)\\end\{d?cases\}", re.DOTALL)
_CHEMISTRY = re.compile(r"\\ce\{([^{}]*)\}")
_SPACE = re.compile(r"\\[,;:! ]|~")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]+\*?\}(?:\{[lcr|]*\})?")
_ROW_ENDS = re.compile(r"\\\\(?:\[[^\]]*\])?")
_TAG = re.compile(r"\\tag\*?\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\([{}%$&#_|])")
_GROUPED_COMMAND = re.compile(r"\\[A-Za-z]+\s*[{\[]")
_GROUP = re.compile(r"(?<!\\)[{}]")
_MAX_DEPTH = 4
"""Fractions and roots inside one another, from the inside out."""


def unicode(latex: str) -> str:
    """One formula in plain characters, on one line."""
    return _plain(" ".join(_ROW_ENDS.sub(";", _ENVIRONMENT.sub("", _gathered(latex))).split("\n")))


def rows(latex: str) -> list[str]:
    """A formula that stands by itself in plain characters, row by row."""
    parts = "\n".join(_ROW_ENDS.split(_ENVIRONMENT.sub("", _gathered(latex)))).split("\n")
    return [row for row in map(_plain, parts) if row]


def _gathered(latex: str) -> str:
    """With each matrix on one line, its rows after one another, and the cases of a function behind a brace."""
    if "matrix}" in latex:
        latex = _MATRIX.sub(_matrix, latex)
    if "cases}" in latex:
        latex = _CASES.sub(lambda found: r"\{ " + re.sub(r"\s*,?\s*&\s*", ", ", found[1].strip()), latex)
    return latex


def _matrix(found: re.Match[str]) -> str:
    opening, closing = _BRACKETS[found[1]]
    rows = [" ".join(row.replace("&", " ").split()) for row in _ROW_ENDS.split(found[2])]
    return f"{opening}{'; '.join(filter(None, rows))}{closing}"


def raised(text: str) -> str:
    """`text` as a superscript, as far as there are such characters."""
    return text.translate(_UP) if _all_in(text, _UP) else f"^({text})" if len(text) > 1 else f"^{text}"


def lowered(text: str) -> str:
    """`text` as a subscript, as far as there are such characters."""
    return text.translate(_DOWN) if _all_in(text, _DOWN) else f"_({text})" if len(text) > 1 else f"_{text}"


def _plain(text: str) -> str:
    text = text.replace("&", " ") if r"\&" not in text else text
    if "\\not" in text:
        text = _NOT.sub(_negated, text)
    if "\\ce{" in text:
        text = _CHEMISTRY.sub(_chemical, text)
    text = _DEGREES.sub("°", _STYLED_SCRIPT.sub(r"\1{\2}", text))
    for _ in range(_MAX_DEPTH):
        before = text
        text = _WORDS.sub(r"\1", text)
        text = _ACCENT.sub(_accented, text)
        text = _SCRIPT.sub(_script, text)
        text = _ROOT.sub(lambda found: raised(found[1] or "") + "√" + _grouped(found[2]), text)
        text = _FRACTION.sub(_fraction, text)
        text = _CHOICE.sub(r"C(\1,\2)", text)
        if text == before:
            break
    text = _TAG.sub(r"(\1)", text)
    text = _STRUCK.sub(lambda found: _DOUBLE_STRUCK.get(found[1], found[1]), text)
    text = _FUNCTION.sub(r"\1", text)
    if not _GROUPED_COMMAND.search(text):
        text = _GROUP.sub("", text)
    text = _SYMBOL.sub(_symbol, text)
    text = _SPACE.sub(" ", text)
    text = _ESCAPED.sub(r"\1", text)
    return re.sub(r" {2,}", " ", text).strip()


def _symbol(found: re.Match[str]) -> str:
    """The character of a command. HTML's names for characters come from LaTeX; those of the accents do not."""
    name = found[1]
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    sign = html5.get(f"{name};", "")
    return sign if sign and (not sign.isascii() or sign in "<>{}|:") and len(sign) <= len(found[0]) else found[0]


def _negated(found: re.Match[str]) -> str:
    sign = _SYMBOL.sub(_symbol, found[1])
    return unicodedata.normalize("NFC", f"{sign}\u0338") if len(sign) == 1 else found[0]


def _chemical(found: re.Match[str]) -> str:
    formula = re.sub(r"(?<=[A-Za-z)\]])\d+", lambda number: lowered(number[0]), found[1])
    return formula.replace("<=>", "⇌").replace("->", "→")


def _fraction(found: re.Match[str]) -> str:
    above, below = (found[1], found[2]) if found[1] is not None else (found[3], found[4])
    return f"{_grouped(above)}/{_grouped(below)}"


def _accented(found: re.Match[str]) -> str:
    letters = found[2] if found[2] is not None else found[3]
    return letters + _ACCENTS[found[1]] if len(letters) == 1 else letters


def _grouped(part: str) -> str:
    part = part.strip()
    return part if re.fullmatch(r"\\?\w*", part) else f"({part})"


def _script(found: re.Match[str]) -> str:
    inner = found[2] if found[2] is not None else found[3]
    table = _UP if found[1] == "^" else _DOWN
    if _all_in(inner, table):
        return inner.translate(table)
    return f"{found[1]}({inner})" if found[2] is not None and len(inner) > 1 else found[1] + inner


def _all_in(text: str, table: dict[int, int]) -> bool:
    return all(ord(char) in table for char in text)
