"""The marks that models and servers leave in the text of an answer: around reasoning, channels and turns.

Each family is what one maker's chat template uses; servers that do not know the template let the marks through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = (
    r"(?:[a-z0-9]{1,12}[:_])?(?:think|thinking(?:_process)?|thoughts?|thought_process|reasoning(?:_scratchpad)?"
    r"|antthinking|scratchpad|reflection|(?:inner|internal)_monologue|chain_of_thought)"
)
"""DeepSeek, Qwen, GLM, Kimi K2, MiniMax: think; Claude: antthinking; prompts: thinking, scratchpad, inner_monologue and
others; EXAONE, Gemini: thought; Reka: reasoning; Reflection: reflection; Hermes: reasoning_scratchpad; Seed:
seed:think; MiniMax M3: mm:think; LongCat: longcat_think."""

_PAIRS = dict(
    line.split()[:2]
    for line in """
◁think▷                ◁/think▷             Kimi-VL
[think]                [/think]             Magistral
<|begin_of_thought|>   <|end_of_thought|>   Sky-T1
<|start_thinking|>     <|end_thinking|>     Command A
<|inner_prefix|>       <|inner_suffix|>     Apertus
<|channel>thought      <channel|>           Gemma 4
<unused94>thought      <unused95>           MedGemma
<|im_start|>think      <|im_start|>answer   s1
<|think|>              <|content|>          Solar Open
<|thinking|>           <|/thinking|>
""".strip().splitlines()
)
"""What opens reasoning, what closes it, and whose it is. In one text, because Hypothesis tries a program's short
strings as inputs, and a lone closing mark is the one thing that does not come out as it went in."""

_WRAPPERS = {
    "<answer>": "</answer>",  # Hunyuan, GLM-4.1V
    "<response>": "</response>",  # ERNIE
    "<|begin_of_solution|>": "<|end_of_solution|>",  # Sky-T1
    "<|start_response|>": "<|end_response|>",  # Command A
    "<output>": "</output>",  # Reflection
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
    "[|endofturn|]",  # EXAONE
    "</s>",  # Llama 2, Mistral
    "<eos>",
)
_STARTS = (
    "<|im_sep|>",  # Phi 4, after the next
    "<|im_start|>assistant",
    "<|im_assistant|>assistant<|im_middle|>",  # Kimi
    "<start_of_turn>model",  # Gemma, this and the next
    "<|turn>model",
    "<|begin_of_text|>",  # Llama 3
    "<bos>",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<|assistant|>",
    "<|start|>assistant",
    "<|begin|>assistant",  # Solar Open
)
"""What templates put before an answer."""
_BOXES = tuple(f"<|{word}_of_box|>" for word in ("begin", "end"))
"""GLM's vision models put them around the heart of an answer; they say nothing to a reader."""


def _any(literals: Iterable[str]) -> str:
    return "|".join(map(re.escape, literals))


OPEN = re.compile(rf"<{_NAME}(?:\s[^<>]{{0,200}})?(?<!/)>|{_any(_PAIRS)}", re.IGNORECASE)
CLOSE = re.compile(rf"</\s?{_NAME}\s{{0,9}}>|{_any(_PAIRS.values())}", re.IGNORECASE)
EMPTY = re.compile(rf"<{_NAME}\s{{0,9}}/>", re.IGNORECASE)
"""A thought that is none: ``<think/>``."""
END = re.compile(_any(_ENDS), re.IGNORECASE)
START = re.compile(_any(_STARTS), re.IGNORECASE)
WRAPPER = re.compile(_any(_WRAPPERS), re.IGNORECASE)
BOX = re.compile(_any(_BOXES), re.IGNORECASE)
DETAILS = re.compile(r"<details\s[^<>]{0,120}?type=[\"']?(?:reasoning|thinking)\b[^<>]{0,120}>", re.IGNORECASE)
"""How Open WebUI, and proxies that imitate it, fold reasoning away."""
DETAILS_END = re.compile(r"</details\s{0,9}>", re.IGNORECASE)
CHANNEL = re.compile(r"<\|channel\|>([^<]{0,200})(?:<\|constrain\|>[^<]{0,40})?<\|message\|>", re.IGNORECASE)
"""The head of a message in harmony, the format of gpt-oss: which channel, and to whom."""
CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)", re.IGNORECASE)

MESSAGE = re.compile(r"<\|message\|>", re.IGNORECASE)
BARE_START = "assistant"
BARE_CHANNELS = {"analysis": False, "assistantanalysis": False, "final": True, "assistantfinal": True}
"""Heads of a channel of which only the words came, and whether it is the answer's."""
BARE_ANALYSIS = re.compile(r"(?:assistant)?analysis(?=[A-Z])")
"""The same where all marks were stripped: ``analysisWe need … assistantfinalAnswer``. No sentence begins so."""
BARE_FINAL = re.compile("assistantfinal")

THOUGHT_PROCESS = re.compile(r"\s{0,9}here(?: is|['’]s) my thought process\b", re.IGNORECASE)
"""How Granite 3.2 begins to think, in words that an answer may begin with as well."""
RESPONSE = re.compile(r"here(?: is|['’]s) my response:\s{0,9}", re.IGNORECASE)
FENCE = re.compile(r"^[ \t>]{0,9}(?:```|~~~)", re.MULTILINE)
BARE_FENCE_LINE = re.compile(r"[ \t]{0,9}\r?\n[ \t>]{0,9}(?:```+|~~~+)[ \t]{0,9}\r?\n")
BARE_FENCE_PARTIAL = re.compile(r"[ \t]{0,9}(?:\r?(?:\n[ \t>]{0,9}(?:`{0,9}|~{0,9})[ \t]{0,9}\r?)?)?")
MAX_HEAD_CHARACTERS = 40
"""What has to be known of an answer's beginning to tell these."""

_LITERALS = (
    *_PAIRS,
    *_PAIRS.values(),
    *_WRAPPERS,
    *_WRAPPERS.values(),
    *_ENDS,
    *_STARTS,
    *_BOXES,
    "<|message|>",
)
_PARTIAL = re.compile(
    r"(?:<|</\s?)[a-z0-9_:]{0,40}\s{0,9}/?"  # a tag whose name is still coming
    rf"|<(?:{_NAME}|details)\s[^<>]{{0,240}}"  # its attributes
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


def may_begin_bare(text: str) -> bool:
    """Whether `text`, all of an answer so far, may become `BARE_ANALYSIS`."""
    return any(word.startswith(text) for word in ("analysis", "assistantanalysis"))


def unfinished(text: str, literals: Iterable[str]) -> int:
    """How many characters at the end of `text` may begin one of `literals`."""
    lowered = text[-MAX_HEAD_CHARACTERS:].lower()
    sizes = (size for size in range(len(lowered), 0, -1) if any(each.startswith(lowered[-size:]) for each in literals))
    return next(sizes, 0)
