"""Streams as providers frame them, each after one that was recorded; the words are ours.

The recordings themselves, 17 of them with what each holds, are not a part of the repository: a folder that
`RECORDED_STREAMS` names is played in the same way (`manifest.json` beside the streams).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.server.answers import CHUNK, DONE, chunk, frame


@dataclass(frozen=True)
class Shape:
    """A stream and what a client has to be told of it, whichever dialect it speaks. `calls` are name and arguments."""

    frames: tuple[bytes, ...]
    dialect: str = "chat"
    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    finish: str = "stop"
    """In the words of chat; empty where the answer ends with an error."""
    total: int | None = None
    """Prompt and answer, in tokens; None where the provider does not count."""
    error: str = ""
    marks: tuple[bytes, ...] = field(default=(), repr=False)
    """What else of it reaches a client of the same dialect."""


def _call(index: int, arguments: str, id: str = "", name: str = "", **more: Any) -> dict[str, Any]:
    head = {"id": id, "type": "function"} if id else {}
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return {"tool_calls": [{"index": index, **head, "function": function}], **more}


def _usage(prompt: int, completion: int, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion, **more}
    return {"usage": counts}


def _without_choices(**more: Any) -> bytes:
    return frame({**CHUNK, "choices": [], **more})


def _thought(text: str) -> dict[str, Any]:
    """As OpenRouter writes it: twice."""
    detail = {"type": "reasoning.text", "text": text, "index": 0, "format": None}
    return {"role": "assistant", "content": "", "reasoning": text, "reasoning_details": [detail]}


def _padded(data: dict[str, Any]) -> bytes:
    """As Anthropic writes it: with spaces before the end, so that sizes tell nothing."""
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)[:-1]}     }}\n\n".encode()


def _block(index: int, block: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    return [
        _padded({"type": "content_block_start", "index": index, "content_block": block}),
        *(_padded({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas),
        _padded({"type": "content_block_stop", "index": index}),
    ]


def _message(*blocks: list[bytes], prompt: int, completion: int, cached: int = 0) -> tuple[bytes, ...]:
    counts = {"input_tokens": prompt, "cache_creation_input_tokens": 0, "cache_read_input_tokens": cached}
    started = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m1-real", "content": []}
    stopped = {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None}
    return (
        _padded({"type": "message_start", "message": {**started, "usage": {**counts, "output_tokens": 1}}}),
        _padded({"type": "ping"}),
        *(each for block in blocks for each in block),
        _padded({"type": "message_delta", "delta": stopped, "usage": {**counts, "output_tokens": completion}}),
        _padded({"type": "message_stop"}),
    )


_WAITING = b": OPENROUTER PROCESSING\n\n"
_REFUSED = {"message": "A tool has to be called", "type": "invalid_request_error", "code": "tool_use_failed"}
_FIRST = chunk({"role": "assistant", "content": ""})
_WEATHER = ("get_weather", {"city": "Berlin"})

SHAPES: dict[str, Shape] = {
    "Azure": Shape(
        (
            chunk({"role": "assistant", **_call(0, "{}", "call_1", "best_language")}, service_tier="default"),
            chunk({}, "tool_calls"),
            _without_choices(**_usage(205, 18, num_sources_used=0)),
            DONE,
        ),
        calls=(("best_language", {}),),
        finish="tool_calls",
        total=223,
    ),
    "Crusoe": Shape(
        (
            _FIRST,
            *(chunk({"content": piece}) for piece in ("1", ",", " 2", ",", " 3")),
            chunk({}, "stop"),
            _without_choices(**_usage(45, 15)),
            DONE,
        ),
        text="1, 2, 3",
        total=60,
    ),
    "DeepSeek": Shape(
        (
            _FIRST,
            chunk(_call(0, "", "call_00_x", "best_language")),
            chunk(_call(0, "{}")),
            chunk({"content": ""}, "tool_calls", **_usage(500, 27, prompt_cache_hit_tokens=448)),
            DONE,
        ),
        calls=(("best_language", {}),),
        finish="tool_calls",
        total=527,
    ),
    "Groq": Shape(
        (
            _FIRST,
            *(chunk({"reasoning": piece, "channel": "analysis"}) for piece in ("We call", " it.")),
            chunk(_call(0, '{"city":"Berlin"}', "fc_1", "get_weather")),
            chunk({}, "tool_calls", x_groq={"id": "req_1", **_usage(300, 53)}, **_usage(300, 53)),
            DONE,
        ),
        reasoning="We call it.",
        calls=(_WEATHER,),
        finish="tool_calls",
        total=353,
    ),
    "Groq, an error in an event of its own": Shape(
        (
            _FIRST,
            chunk({"reasoning": "No tool.", "channel": "analysis"}),
            chunk({"content": "maybe"}),
            frame({"error": {**_REFUSED, "failed_generation": "", "status_code": 400}}, "error"),
        ),
        text="maybe",
        reasoning="No tool.",
        finish="",
        error="A tool has to be called",
    ),
    "Novita": Shape(
        (
            chunk({"role": "assistant"}),
            chunk({"content": "Paris"}),
            chunk({}, "stop"),
            _without_choices(**_usage(38, 4)),
            DONE,
        ),
        text="Paris",
        total=42,
    ),
    "Mistral": Shape(
        (
            _FIRST,
            chunk(_call(0, '{"city": "Berlin"}', "g6fV", "get_weather"), "tool_calls", p="a", **_usage(159, 28)),
            DONE,
        ),
        calls=(_WEATHER,),
        finish="tool_calls",
        total=187,
    ),
    "Ollama": Shape(
        (
            chunk({"role": "assistant", "content": "", "reasoning": "We fetch"}),
            chunk({"content": "", "reasoning": " it."}),
            chunk({"content": "", **_call(0, '{"city":"Berlin"}', "call_1", "get_weather")}),
            chunk({"content": ""}, "tool_calls"),
            _without_choices(**_usage(300, 45)),
            DONE,
        ),
        reasoning="We fetch it.",
        calls=(_WEATHER,),
        finish="tool_calls",
        total=345,
    ),
    "OpenAI": Shape(
        (
            chunk(
                {"role": "assistant", "content": None, "refusal": None, **_call(0, "", "call_1", "get_country")},
                usage=None,
                obfuscation="BEZv",
            ),
            chunk(_call(0, "{}"), usage=None, obfuscation="eR"),
            chunk({}, "tool_calls", usage=None, obfuscation="N9cT"),
            _without_choices(**_usage(398, 10), obfuscation="T3AO"),
            DONE,
        ),
        calls=(("get_country", {}),),
        finish="tool_calls",
        total=408,
        marks=(b'"obfuscation"',),
    ),
    "OpenAI, usage beside the last choice": Shape(
        (
            _FIRST,
            chunk({"content": "It is **0.1**"}),
            chunk({"content": "."}),
            chunk({}, "stop", **_usage(100, 22)),
            DONE,
        ),
        text="It is **0.1**.",
        total=122,
    ),
    "OpenRouter": Shape(
        (
            *(_WAITING,) * 3,
            chunk(_thought("They ask for "), provider="Anthropic"),
            chunk(_thought("the weather."), provider="Anthropic"),
            chunk({"role": "assistant", "content": None, **_call(0, "", "toolu_1", "get_weather")}),
            *(chunk({"content": None, **_call(0, piece)}) for piece in ('{"city"', ': "Ber', 'lin"}')),
            chunk({"content": ""}, "tool_calls", native_finish_reason="tool_calls", **_usage(632, 100, cost=0.01)),
            DONE,
        ),
        reasoning="They ask for the weather.",
        calls=(_WEATHER,),
        finish="tool_calls",
        total=732,
        marks=(_WAITING,),
    ),
    "OpenRouter, an error beside a choice": Shape(
        (
            *(_WAITING,) * 5,
            chunk(_thought("We need to")),
            chunk(_thought(" greet"), "length"),
            frame(
                {
                    **CHUNK,
                    "error": {"code": 400, "message": "Token limit reached"},
                    **_usage(43, 10),
                    "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": None}],
                }
            ),
            DONE,
        ),
        reasoning="We need to greet",
        finish="",
        error="Token limit reached",
    ),
    "vLLM": Shape(
        (
            chunk({"role": "assistant"}),
            *(chunk({"content": piece}) for piece in ("<|im_end|>", "doctor", "\n", "<")),
            chunk({"content": "|"}, "length", stop_reason=None),
            DONE,
        ),
        text="<|im_end|>doctor\n<|",
        finish="length",
    ),
    "xAI": Shape(
        (
            chunk({"role": "assistant", "reasoning_content": "First"}),
            chunk({"reasoning_content": ", the tool"}),
            chunk({"role": "assistant", **_call(0, '{"city":"Berlin"}', "call_1", "get_weather")}),
            chunk({}, "tool_calls"),
            _without_choices(**_usage(400, 113)),
            DONE,
        ),
        reasoning="First, the tool",
        calls=(_WEATHER,),
        finish="tool_calls",
        total=513,
    ),
    "Anthropic, a long context made shorter": Shape(
        _message(
            _block(0, {"type": "compaction", "content": None}, {"type": "compaction_delta", "content": "Say hello."}),
            _block(
                1,
                {"type": "text", "text": ""},
                {"type": "text_delta", "text": "Hello"},
                {"type": "text_delta", "text": " 👋"},
            ),
            prompt=181,
            completion=8,
            cached=55000,
        ),
        "messages",
        text="Hello 👋",
        total=181 + 55000 + 8,
        marks=(b"compaction_delta",),
    ),
    "Anthropic": Shape(
        _message(
            _block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "1\n2"}), prompt=20, completion=9
        ),
        "messages",
        text="1\n2",
        total=29,
    ),
    "Anthropic, thinking": Shape(
        _message(
            _block(
                0,
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "thinking_delta", "thinking": "s - no\n"},
                {"type": "thinking_delta", "thinking": "r - yes"},
                {"type": "signature_delta", "signature": "c2lnbmVk"},
            ),
            _block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Three."}),
            prompt=40,
            completion=60,
        ),
        "messages",
        text="Three.",
        reasoning="s - no\nr - yes",
        total=100,
        marks=(b"c2lnbmVk",),
    ),
}
