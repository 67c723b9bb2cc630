"""Arithmetic for a model that is bad at it, by a small parser of its own: nothing is ever run but sums.

Python's own parser is no help here: CPython 3.11 that is given 400 open brackets counts its recursion wrongly from then
on, and fails in other places of the process.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Container
from decimal import Decimal, DecimalException, localcontext

MAX_LENGTH = 500
MAX_DEPTH = 40
"""Brackets, signs and powers within one another."""
MAX_DIGITS = 1000
"""Of a whole number. Further ones are refused before they are made."""
PRECISION = 34
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d{1,4})?|\.\d+(?:[eE][+-]?\d{1,4})?)|([a-z]+)|(\*\*|//|[-+*/%()^]))")
_WRITTEN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", ",": "", "，": "", "（": "(", "）": ")"})

Binary = Callable[[Decimal, Decimal], Decimal]
Unary = Callable[[Decimal], Decimal]


def _of_floats(function: Callable[[float], float]) -> Unary:
    return lambda number: Decimal(repr(function(float(number))))


def _floor(number: Decimal) -> Decimal:
    return number.to_integral_value("ROUND_FLOOR")


def _factorial(number: Decimal) -> Decimal:
    if number != number.to_integral_value() or not 0 <= number <= 400:
        raise ValueError("factorial takes whole numbers from 0 to 400")
    return Decimal(math.factorial(int(number)))


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == base.to_integral_value() and exponent == exponent.to_integral_value() and exponent >= 0:
        if exponent * max(1, base.adjusted() + 1) > MAX_DIGITS:
            raise ValueError(f"the result has more than {MAX_DIGITS} digits")
        return Decimal(int(base) ** int(exponent))
    return base**exponent


_SUMS: dict[str, Binary] = {"+": operator.add, "-": operator.sub}
_PRODUCTS: dict[str, Binary] = {
    "*": operator.mul,
    "/": operator.truediv,
    "//": lambda a, b: _floor(a / b),
    "%": lambda a, b: a - b * _floor(a / b),
}
_FUNCTIONS: dict[str, Unary] = {
    "abs": abs,
    "sqrt": Decimal.sqrt,
    "ln": Decimal.ln,
    "log": Decimal.log10,
    "exp": Decimal.exp,
    "round": Decimal.to_integral_value,
    "floor": _floor,
    "ceil": lambda number: number.to_integral_value("ROUND_CEILING"),
    "factorial": _factorial,
    **{each.__name__: _of_floats(each) for each in (math.sin, math.cos, math.tan, math.asin, math.acos, math.atan)},
}
_CONSTANTS = {"pi": Decimal("3.14159265358979323846264338328"), "e": Decimal("2.71828182845904523536028747135")}


def calculate(expression: str) -> str:
    """The value of an arithmetic `expression`. Raises ValueError with a sentence for the model."""
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        with localcontext() as context:
            context.prec = PRECISION
            return _shown(_Parser(expression.translate(_WRITTEN)).value())
    except (DecimalException, OverflowError, ZeroDivisionError) as error:
        raise ValueError(f"this has no value: {type(error).__name__}") from None


class _Parser:
    """Reads from left to right; powers bind closer than signs before them, and from the right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _unknown()
            self._tokens.append(found[0].strip())
            at = found.end()
        self._tokens.reverse()
        self._depth = 0

    def value(self) -> Decimal:
        """The value of the whole text."""
        value = self._sum()
        if self._tokens:
            raise _unknown()
        return value

    def _next(self, among: Container[str] | None = None) -> str:
        """Take the next token, if it is one of these; nothing otherwise."""
        wanted = self._tokens and (among is None or self._tokens[-1] in among)
        return self._tokens.pop() if wanted else ""

    def _sum(self) -> Decimal:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} brackets within one another")
        value = self._product()
        while sign := self._next(_SUMS):
            value = _SUMS[sign](value, self._product())
        self._depth -= 1
        return value

    def _product(self) -> Decimal:
        value = self._signed()
        while sign := self._next(_PRODUCTS):
            value = _PRODUCTS[sign](value, self._signed())
        return value

    def _signed(self) -> Decimal:
        negative = False
        while sign := self._next(_SUMS):
            negative ^= sign == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> Decimal:
        base = self._atom()
        if not self._next(("**", "^")):
            return base
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} powers within one another")
        value = _power(base, self._signed())
        self._depth -= 1
        return value

    def _atom(self) -> Decimal:
        read = self._next()
        if read[:1].isdigit() or read[:1] == ".":
            return Decimal(read)
        if read in _CONSTANTS:
            return _CONSTANTS[read]
        if read in _FUNCTIONS and self._next(("(",)):
            return _FUNCTIONS[read](self._inside())
        if read == "(":
            return self._inside()
        raise _unknown()

    def _inside(self) -> Decimal:
        value = self._sum()
        if not self._next((")",)):
            raise _unknown()
        return value


def _unknown() -> ValueError:
    return ValueError(f"only numbers, + - * / // % **, brackets and {', '.join(_FUNCTIONS)} are known")


def _shown(value: Decimal) -> str:
    if value == value.to_integral_value() and value.adjusted() < MAX_DIGITS:
        return str(int(value))
    return f"{value.normalize():f}" if abs(value.adjusted()) < 20 else f"{value.normalize()}"
