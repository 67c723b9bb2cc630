"""What a model wrote, made harmless for a terminal: no character of it can steer one."""

from __future__ import annotations

import re

_BREAKS = re.compile("[\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all of C0, DEL and C1 but \t and \n
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Character by character, so that the start of a growing text stays the start of its clean form."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub("\n", _CONTROLS.sub("", text)))
