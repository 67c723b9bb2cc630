"""LaTeX, which Discord does not know, in the characters that Unicode has for it.

Every replacement is no longer than what it replaces, so a text that fits a message still fits it afterwards.
What has no such character stays as it was written.
"""

from __future__ import annotations

import re

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
    **dict.fromkeys(("left", "right", "big", "Big", "bigg", "Bigg", "displaystyle", "limits", "nolimits"), ""),
}
_DOUBLE_STRUCK = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "E": "𝔼"}
_UP = str.maketrans("0123456789+-=()abcdefghijklmnoprstuvwxyzTi", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀⁱ")
_DOWN = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")

_WORDS = re.compile(r"\\(?:text|mathrm|mathbf|mathit|mathsf|mathcal|operatorname|boldsymbol|vec|hat|bar)\{([^{}]*)\}")
_STRUCK = re.compile(r"\\mathbb\{?([A-Z])\}?")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]*)\}|([A-Za-z0-9]))")
_FUNCTION = re.compile(r"\\(sin|cos|tan|log|ln|exp|lim|max|min|sup|inf|det|gcd|arg|deg|dim|ker|mod)(?![A-Za-z])")
_SYMBOL = re.compile(r"\\([A-Za-z]+)")
_SPACE = re.compile(r"\\[,;:! ]|~")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z*]+\}(?:\{[lcr|]*\})?")
_ESCAPED = re.compile(r"\\([{}%$&#_])")
_DEEPEST = 4
"""Fractions and roots inside one another, from the inside out."""


def unicode(latex: str) -> str:
    """One formula in plain characters."""
    text = _ENVIRONMENT.sub("", latex).replace(r"\\", ";")
    text = text.replace("&", " ") if r"\&" not in text else text
    for _ in range(_DEEPEST):
        before = text
        text = _WORDS.sub(r"\1", text)
        text = _SCRIPT.sub(_script, text)
        text = _ROOT.sub(lambda found: "√" + _grouped(found[1]), text)
        text = _FRACTION.sub(lambda found: f"{_grouped(found[1])}/{_grouped(found[2])}", text)
        if text == before:
            break
    text = _STRUCK.sub(lambda found: _DOUBLE_STRUCK.get(found[1], found[1]), text)
    text = _FUNCTION.sub(r"\1", text)
    text = _SYMBOL.sub(lambda found: _SYMBOLS.get(found[1], found[0]), text)
    text = _SPACE.sub(" ", text)
    text = _ESCAPED.sub(r"\1", text)
    return re.sub(r" {2,}", " ", text).strip()


def _grouped(part: str) -> str:
    part = part.strip()
    return part if re.fullmatch(r"\\?\w*", part) else f"({part})"


def _script(found: re.Match[str]) -> str:
    inner = found[2] if found[2] is not None else found[3]
    table = _UP if found[1] == "^" else _DOWN
    if inner and all(ord(char) in table for char in inner):
        return inner.translate(table)
    return f"{found[1]}({inner})" if found[2] is not None and len(inner) > 1 else found[1] + inner
