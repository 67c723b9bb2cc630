"""Formulas in plain characters: what they read like, and that none grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.kit.latex import rows, unicode

PIECES = (
    r"\frac{ \sqrt{ \sqrt[3]{ \binom{ \hat{ \text{ } { ^ _ ^{ _{ \alpha \to \leqslant \not= \left \, \\ & a 12 + \tag{"
)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"\frac{a}{b}", "a/b"),
        (r"\sum_{i=1}^{n} i^2 = \frac{n(n+1)}{2}", "∑ᵢ₌₁ⁿ i² = (n(n+1))/2"),
        (r"\sqrt[3]{x+1} \to \infty", "³√(x+1) → ∞"),
        (r"90^\circ \not= \vec{v} \leqslant \hat{x}", "90° ≠ v\u20d7 ⩽ x\u0302"),
        (r"P_\text{in} \in \mathbb{R}", "Pᵢₙ ∈ ℝ"),
        (r"\text{速度} = \dfrac{\text{距离}}{\text{时间}}", "速度 = 距离/时间"),
        (r"\left\{ x \right\} \unknown{y}", r"{ x } \unknown{y}"),
        (r"\lim_{x\to 0} \sin x", "lim_(x→ 0) sin x"),
    ],
)
def test_a_formula_reads_as_text(written: str, shown: str) -> None:
    assert unicode(written) == shown


def test_rows_of_an_environment_are_lines() -> None:
    assert rows("\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}") == ["a = b", "c = d"]


@given(st.lists(st.sampled_from(PIECES.split(" ")) | st.text(max_size=3), max_size=40).map("".join))
def test_no_formula_grows(latex: str) -> None:
    assert len(unicode(latex)) <= len(latex)
