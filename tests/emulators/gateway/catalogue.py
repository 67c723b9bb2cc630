"""Who offers what, and what each model does when asked: the fake provider behind the gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

End = Literal["stop", "length", "content_filter", "tool_calls", "nothing", "error", "cut", "hang"]
"""A finish reason; or none at all, an error, a torn connection, silence."""

HELLO = "你好，world"


Calls = tuple[tuple[str, str], ...]
"""Tools that a model calls at once: each with its arguments, in JSON."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a model does: speak, paced or at once, and then end; or refuse."""

    text: str | None = HELLO
    """None: repeat what the person said."""
    end: End = "stop"
    """`nothing`, `error`, `cut` and `hang` come after two thirds of the text."""
    reasoning: tuple[str, ...] = ()
    refusal: tuple[int, str] | None = None
    """The provider's status and message; status 0 where it cannot be reached."""
    refusals: int = -1
    """How many requests are refused before one is answered; all of them if negative."""
    blind: str = ""
    """With what message requests that hold pictures are refused; empty where pictures are taken."""
    pictures: tuple[bytes, ...] = ()
    """PNGs that come after the text, each in the delta's field `images`, as OpenRouter sends them."""
    rounds: tuple[Calls, ...] = ()
    """What it calls before it speaks, where it is offered tools; in its text, ``{results}`` are what it was given."""
    toolless: str = ""
    """With what message requests that offer tools are refused; empty where they are taken."""
    thinking: Literal["", "budget", "adaptive"] = ""
    """How it takes being told to think, as Anthropic's models do: then it demands what it thought back, unchanged, with
    the results of tools, and refuses the other way of telling."""
    hidden: tuple[str, ...] = ()
    """Thoughts that come encrypted after `reasoning`."""
    max_tokens: int = 0
    """The longest answer that it takes a request for; any where 0. Checked in the messages dialect."""
    silent: bool = False
    """Never says a word, nor sends a header."""
    tokens_per_second: float = 0.0
    """At once where 0."""
    first_token: float = 0.0
    """Seconds."""


_SORRY = "The server had an error while processing your request. Sorry about that!"
_RATE = (
    "Rate limit reached for gpt-x in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. "
    "Please try again in 20s."
)
_KEY = (
    "Incorrect API key provided: sk-up***. You can find your API key at https://platform.openai.com/account/api-keys."
)
_LENGTH = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. "
    "Please reduce the length of the messages."
)

BEHAVIOURS: dict[str, Behaviour] = {
    "ok": Behaviour(text=None),
    "claude-ok": Behaviour(text=None),
    "vendor/ok:free": Behaviour(text=None),
    "slow": Behaviour(text="".join(f"tok{n} " for n in range(20)), tokens_per_second=5),
    "reason": Behaviour(reasoning=("think ", "think")),
    "thinktag": Behaviour(text="<think>hidden</think>visible"),
    "length": Behaviour(end="length"),
    "filter": Behaviour(end="content_filter"),
    "tools": Behaviour(text="", end="tool_calls"),
    "empty": Behaviour(text=""),
    "jsonstream": Behaviour(text="", end="nothing"),
    "nofinish": Behaviour(end="nothing"),
    "nodone": Behaviour(),
    "miderr": Behaviour(end="error"),
    "midabort": Behaviour(end="error"),
    "badjson": Behaviour(end="error"),
    "errfirst": Behaviour(text="", end="error"),
    "cut": Behaviour(end="cut"),
    "midhang": Behaviour(end="hang"),
    "hang": Behaviour(silent=True),
    "flaky": Behaviour(text=None, refusal=(429, "Rate limit reached (flaky)."), refusals=1),
    "err400": Behaviour(refusal=(400, _LENGTH)),
    "err401": Behaviour(refusal=(401, _KEY)),
    "err402": Behaviour(refusal=(402, "Insufficient Balance")),
    "err403": Behaviour(refusal=(403, "Country, region, or territory not supported")),
    "err404": Behaviour(refusal=(404, "The model `err404` does not exist or you do not have access to it.")),
    "err429": Behaviour(refusal=(429, _RATE)),
    "err429q": Behaviour(refusal=(429, "You exceeded your current quota, please check your plan and billing details.")),
    "err500": Behaviour(refusal=(500, _SORRY)),
    "err502html": Behaviour(
        refusal=(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")
    ),
    "reset": Behaviour(refusal=(0, "")),
}


@dataclass(slots=True)
class Provider:
    """A provider as set up in Cherry Studio."""

    id: str
    name: str
    kind: str
    models: dict[str, str]
    """Display names by model."""

    @property
    def maker(self) -> str:
        """Who made its models: what v2 sends as `owned_by`, whichever provider sells them."""
        return {"anthropic": "anthropic", "gemini": "google"}.get(self.kind, "openai")


def providers() -> list[Provider]:
    """The set-up of the recorded exchanges, as near as matters."""
    named = {model: model.capitalize() for model in BEHAVIOURS if model != "claude-ok"}
    named |= {"ok": "OK Model", "vendor/ok:free": "Colon model", "text-embedding-3-small": "Embedding"}
    claude = {"claude-ok": "Claude OK"}
    claude |= {
        each: each for each in ("reason", "empty", "length", "filter", "cut", "miderr", "midabort", "hang", "midhang")
    }
    claude |= {each: each for each in ("err401", "err429", "err500")}
    return [
        Provider("fake-openai", "Fake OpenAI", "openai", named),
        Provider("fake-anthropic", "Fake Anthropic", "anthropic", claude),
        Provider("fake-dead", "Fake Dead", "openai", {"reset": "Never there"}),
        Provider("ollama", "Ollama", "ollama", {"ok": "Local"}),
        Provider("gemini", "Gemini", "gemini", {"gemini-2.5-pro": "Gemini 2.5 Pro"}),
        Provider("openai", "OpenAI", "openai-response", {"gpt-5": "GPT-5"}),
    ]


def tokens(text: str) -> list[str]:
    """`text` in pieces of up to six characters, as a model would say it; together they are the text."""
    return re.findall(r"\s*\S{1,6}|\s+", text)
