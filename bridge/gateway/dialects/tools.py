"""Tool calls in a chunk of the chat dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.events import ToolCallDelta
from bridge.gateway.dialects.fields import as_dict, as_list, as_text


def read_tool_calls(delta: dict[str, Any]) -> Iterator[ToolCallDelta]:
    """The parts of calls in `delta`, of the older ``function_call`` too. Where no index is given, the place counts."""
    for place, call in enumerate(map(as_dict, as_list(delta.get("tool_calls")))):
        function, index = as_dict(call.get("function")), call.get("index")
        yield _call(index if isinstance(index, int) else place, as_text(call.get("id")), function)
    if function := as_dict(delta.get("function_call")):
        yield _call(0, "", function)


def _call(index: int, id: str, function: dict[str, Any]) -> ToolCallDelta:
    return ToolCallDelta(index, id, as_text(function.get("name")), as_text(function.get("arguments")))
