"""The marks that models and servers leave in the text of an answer: around reasoning, channels and turns.

Each family is what one maker's chat template uses; servers that do not know the template let the marks through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = r"(?:[a-z0-9]{1,12}[:_])?(?:think|thinking|thoughts?|reasoning(?:_scratchpad)?|scratchpad)"
"""DeepSeek, Qwen, GLM, Kimi K2, MiniMax: think; prompts: thinking, scratchpad; EXAONE, Gemini: thought; Reka:
reasoning; Hermes: reasoning_scratchpad; Seed: seed:think; LongCat: longcat_think."""

_PAIRS = {
    "◁think▷": "◁/think▷",  # Kimi-VL
    "[think]": "[/think]",  # Magistral
    "<|begin_of_thought|>": "<|end_of_thought|>",  # Sky-T1
    "<|start_thinking|>": "<|end_thinking|>",  # Command A
    "<|inner_prefix|>": "<|inner_suffix|>",  # Apertus
    "<|channel>thought": "<channel|>",  # Gemma 4
}

_WRAPPERS = {
    "<answer>": "</answer>",  # Hunyuan, GLM-4.1V
    "<response>": "</response>",  # ERNIE
    "<|begin_of_solution|>": "<|end_of_solution|>",  # Sky-T1
    "<|start_response|>": "<|end_response|>",  # Command A
}
"""What some put around the answer once they have thought."""

_ENDS = (
    "<|im_end|>",  # Qwen and all of ChatML
    "<|endoftext|>",  # GPT, Qwen, Phi
    "<|end_of_text|>",  # Llama, Granite
    "<|eot_id|>",  # Llama 3
    "<|eom_id|>",
    "<|eot|>",  # Llama 4
    "<|end|>",  # Phi, harmony
    "<|return|>",  # harmony, this and the next
    "<|call|>",
    "<|end_of_turn_token|>",  # Command
    "<end_of_turn>",  # Gemma
    "<turn|>",
    "<|user|>",  # GLM, this and the next
    "<|observation|>",
    "<｜end▁of▁sentence｜>",  # DeepSeek
    "<|role_end|>",  # Ling
    "[e~[",  # MiniMax
    "</s>",  # Llama 2, Mistral
    "<eos>",
)
_STARTS = (
    "<|im_start|>assistant",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<|assistant|>",
    "<|start|>assistant",
)
"""What templates put before an answer."""


def _any(literals: Iterable[str]) -> str:
    return "|".join(map(re.escape, literals))


OPEN = re.compile(rf"<{_NAME}(?:\s[^<>]{{0,200}})?(?<!/)>|{_any(_PAIRS)}", re.IGNORECASE)
CLOSE = re.compile(rf"</{_NAME}\s{{0,9}}>|{_any(_PAIRS.values())}", re.IGNORECASE)
EMPTY = re.compile(rf"<{_NAME}\s{{0,9}}/>", re.IGNORECASE)
"""A thought that is none: ``<think/>``."""
END = re.compile(_any(_ENDS), re.IGNORECASE)
START = re.compile(_any(_STARTS), re.IGNORECASE)
WRAPPER = re.compile(_any(_WRAPPERS), re.IGNORECASE)
CHANNEL = re.compile(r"<\|channel\|>([^<]{0,200})(?:<\|constrain\|>[^<]{0,40})?<\|message\|>", re.IGNORECASE)
"""The head of a message in harmony, the format of gpt-oss: which channel, and to whom."""
CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)", re.IGNORECASE)

_LITERALS = (*_PAIRS, *_PAIRS.values(), *_WRAPPERS, *_WRAPPERS.values(), *_ENDS, *_STARTS)
_PARTIAL = re.compile(
    r"</?[a-z0-9_:]{0,40}\s{0,9}/?"  # a tag whose name is still coming
    rf"|<{_NAME}\s[^<>]{{0,200}}"  # its attributes
    r"|<(?:\|(?:c(?:h(?:a(?:n(?:n(?:e(?:l(?:\|)?)?)?)?)?)?)?)?)?"
    r"|<\|channel\|>[^<]{0,200}(?:<(?:\|[a-z]{0,10}\|?)?|<\|constrain\|>[^<]{0,40}(?:<(?:\|[a-z]{0,8}\|?)?)?)?",
    re.IGNORECASE,
)


def wrapper_end(opening: str) -> str:
    """The mark that closes what the wrapper `opening` opens."""
    return _WRAPPERS[opening.lower()]


def may_become_mark(rest: str) -> bool:
    """Whether `rest`, which begins like a mark, may be one once more has come."""
    if len(rest) > 300:
        return False
    lowered = rest.lower()
    return any(literal.startswith(lowered) for literal in _LITERALS) or _PARTIAL.fullmatch(rest) is not None
