"""What gateways stream and refuse that once went wrong, and what a person should see of it."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.emulators.servers import DONE, END, Reply, chunk, delta, refusal, streamed


def _png(side: int) -> bytes:
    """A picture of noise, which no compression makes smaller."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    noise = random.Random(1)
    rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows, 0)) + part(b"IEND", b"")


PNG = _png(130)
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
TOOL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": PNG_URL}}
FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"


@dataclass(frozen=True)
class Streamed:
    """Frames, and what they hold."""

    frames: tuple[bytes, ...]
    text: str
    reasoning: str = ""
    pictures: tuple[str, ...] = ()
    """The words that go with each."""
    sources: tuple[str, ...] = ()
    note: str = ""
    """What is said under the answer."""

    @property
    def reply(self) -> Reply:
        return streamed(*self.frames)


STREAMS: dict[str, Streamed] = {
    "byte-order mark": Streamed((b"\xef\xbb\xbf", chunk("Hello "), chunk("world"), END), "Hello world"),
    "byte-order marks within": Streamed(
        (chunk("Hello "), b"\xef\xbb\xbf" + chunk("wor"), chunk("ld").replace(b"data: ", b"data: \xef\xbb\xbf"), END),
        "Hello world",
    ),
    "thought without an opening": Streamed(
        (chunk("secret plan"), chunk("</think>\n\nAnswer"), END), "Answer", "secret plan"
    ),
    "thinking": Streamed((chunk("<thinking>secret</thinking>Answer"), END), "Answer", "secret"),
    "harmony": Streamed((chunk(f"<|channel|>analysis<|message|>secret{FINAL}Answer"), END), "Answer", "secret"),
    "harmony without marks": Streamed(
        (chunk("analysisWe say so."), chunk("assistantfinal"), chunk("Answer"), END), "Answer", "We say so."
    ),
    "Magistral, in capitals": Streamed((chunk("[THINK]secret[/THI"), chunk("NK]Answer"), END), "Answer", "secret"),
    "attributes": Streamed((chunk('<think effort="high">secret</think>Answer'), END), "Answer", "secret"),
    "unclosed": Streamed((chunk("Yes.\n<think>"), chunk("secret"), END), "Yes.", "secret"),
    "nested": Streamed((chunk("<think>a<think>b</think>c</think>Answer"), END), "Answer", "a<think>bc"),
    "marks in code": Streamed((chunk("`<think>` and `</think>`"), END), "<think> and </think>"),
    "end marks": Streamed((chunk("Answer<|im_end|><|endoftext|>"), END), "Answer"),
    "text and a picture": Streamed((chunk("Here: "), delta(images=[IMAGE]), END), "Here:", pictures=("",)),
    "a picture alone": Streamed((delta(content="", images=[IMAGE]), END), "", pictures=("",)),
    "a picture in the text": Streamed((chunk(f"![cat]({PNG_URL})"), END), "", pictures=("cat",)),
    "sources": Streamed(
        (chunk("The sky is blue [1][2].", citations=["https://a.example/1", "https://b.example/2"]), END),
        "The sky is blue [1][2].",
        sources=("https://a.example/1", "https://b.example/2"),
        note="Sources\n[1] a.example\n[2] b.example",
    ),
    "sources of an answer that ends early": Streamed(
        (chunk("Blue [1]", citations=["https://a.example/1"]), delta("length"), DONE),
        "Blue [1]",
        sources=("https://a.example/1",),
        note="Sources\n[1] a.example\n⚠️ The answer is longer than the model may write at once.",
    ),
    "a tool": Streamed(
        (delta(tool_calls=[TOOL]), delta("tool_calls"), END),
        "",
        note="⚠️ The model wants to use the tool search, which is not available here.",
    ),
    "audio": Streamed(
        (chunk("Listen."), delta(audio={"data": "AAAA"}), END),
        "Listen.",
        note="⚠️ Something came with the answer that cannot be shown here: audio.",
    ),
}
"""Rows 1 to 10 of the table of streams, and more of each kind."""


@dataclass(frozen=True)
class Refused:
    """A refusal, and whether a request is what it refuses."""

    reply: Reply
    field: str = ""

    def concerns(self, body: dict[str, Any]) -> bool:
        roles = [message["role"] for message in body["messages"]]
        match self.field:
            case "neighbours":
                return any(before == after for before, after in pairwise(roles))
            case "system":
                return "system" in roles
            case "stream":
                return bool(body.get("stream"))
        return self.field in body


REFUSALS: dict[str, Refused] = {
    "roles alternate": Refused(
        refusal(400, {"error": {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}}),
        "neighbours",
    ),
    "no system role": Refused(refusal(400, {"error": {"message": "System role not supported"}}), "system"),
    "no stream_options": Refused(
        refusal(400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}}),
        "stream_options",
    ),
    "no streaming": Refused(
        refusal(
            400,
            {"error": {"message": "Your organization must be verified to stream this model.", "param": "stream"}},
        ),
        "stream",
    ),
}
"""Rows 11 to 14."""
INVALID = refusal(422, {"detail": [{"loc": ["body", "messages"], "msg": "field required", "input": "my secret"}]})
"""Row 15."""
