"""A request for an answer as it came in either dialect: what was said, offered and given back."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Completion:
    """A request for an answer, as it came, and how it went."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    """The loop's time."""
    gone: float | None = None
    """When the client closed the connection on us; None while it has not."""
    done: bool = False
    """Whether the answer was played to its end."""
    written: int = 0
    """Bytes of the answer that the network has taken."""

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def question(self) -> str:
        """What the person said last."""
        said = next((m["content"] for m in reversed(self.messages) if m["role"] == "user" and not _given(m)), "")
        return said if isinstance(said, str) else " ".join(part.get("text", "[picture]") for part in said)

    @property
    def offered(self) -> list[str]:
        """The names of the tools that are offered, in either dialect."""
        return [(each.get("function") or each)["name"] for each in self.body.get("tools", ())]

    @property
    def results(self) -> list[list[str]]:
        """What tools gave back since the person spoke last, round by round, in either dialect."""
        rounds: list[list[str]] = []
        for message in self.messages:
            content, role = message["content"], message["role"]
            blocks = [each for each in content if each["type"] == "tool_result"] if isinstance(content, list) else []
            if role == "user" and not blocks:
                rounds = []
            elif role == "assistant" and (message.get("tool_calls") or _uses(content)):
                rounds.append([])
            elif role == "tool":
                rounds[-1].append(content)
            elif blocks:
                rounds[-1] += [each["content"] for each in blocks]
        return rounds

    @property
    def pictures(self) -> list[list[bytes]]:
        """The pictures of each message that a person sent, in either dialect."""
        return [_pictures(message["content"]) for message in self.messages if message["role"] == "user"]


def _given(message: dict[str, Any]) -> bool:
    content = message["content"]
    return isinstance(content, list) and any(each["type"] == "tool_result" for each in content)


def _uses(content: Any) -> bool:
    return isinstance(content, list) and any(each["type"] == "tool_use" for each in content)


def _pictures(content: Any) -> list[bytes]:
    parts = content if isinstance(content, list) else []
    urls = [part["image_url"]["url"].partition(",")[2] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(data) for data in [*urls, *(p["source"]["data"] for p in parts if p["type"] == "image")]]
