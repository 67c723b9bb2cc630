"""The exchanges that were recorded with Cherry Studio v1.9.12 and v2.0.8, and what becomes of each here.

`docs/gateway-exchanges.md` and `docs/gateway-exchanges.zh-CN.md` hold them as a table, which
`python -m tests.server.exchanges` prints, with the argument `zh-CN` in Chinese.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.server.answers import DONE, Answer, chunk, frame, sse
from tests.server.exchanges_zh import CHINESE
from tests.server.provider import Reply, reset, silence, status, stream

KEY = "cs-sk-11111111-2222-3333-4444-555555555555"
BEARER = {"Authorization": f"Bearer {KEY}"}
HI = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}

Verdict = Literal["same", "better", "different"]


@dataclass(frozen=True)
class Exchange:
    """`v1` and `v2` are the statuses that were recorded, `-` for none; `why` says what is not the same as in v2."""

    name: str
    v1: str
    v2: str
    here: int
    verdict: Verdict
    why: str = ""
    method: str = "POST"
    path: str = "/v1/chat/completions"
    body: Any = None
    """JSON; bytes go as they are."""
    headers: Mapping[str, str] = field(default_factory=lambda: BEARER)
    streamed: bool | None = None
    """Ask for a stream, or not; None: ask both ways."""
    replies: tuple[Reply, ...] = ()
    """What the provider does; where it is to answer well, nothing."""
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def ways(self) -> tuple[bool | None, ...]:
        if not isinstance(self.body, dict) or self.path.endswith(("embeddings", "count_tokens")):
            return (None,)
        return (False, True) if self.streamed is None else (self.streamed,)


def _get(name: str, path: str, v1: str, v2: str, here: int, verdict: Verdict, why: str = "", **more: Any) -> Exchange:
    return Exchange(name, v1, v2, here, verdict, why, "GET", path, **more)


def _asked(model: Any = "fake-openai:m1", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": HI, **more}


def _message(model: str = "fake-anthropic:m1", **more: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 64, "messages": HI, **more}


def _refused(
    name: str, code: int, v1: str, v2: str, verdict: Verdict, why: str, said: str, *, messages: bool = False
) -> Exchange:
    body = _message() if messages else _asked()
    path = "/v1/messages" if messages else "/v1/chat/completions"
    reply = status(
        code, {"error": {"message": said, "type": "some_error"}}, **({"Retry_After": "7"} if code == 429 else {})
    )
    return Exchange(
        name,
        v1,
        v2,
        code,
        verdict,
        why,
        path=path,
        body=body,
        streamed=False if code == 429 else None,
        replies=(reply,) * 3,
        holds=(said,) if code != 401 else (),
    )


def _upstream(
    name: str, v1: str, v2: str, here: int, verdict: Verdict, why: str, *frames: bytes, **more: Any
) -> Exchange:
    then = more.pop("then", None)
    body = more.pop("body", _asked())
    replies = more.pop("replies", (stream(*frames, then=then),))
    return Exchange(
        name, v1, v2, here, verdict, why, body=body, streamed=more.pop("streamed", True), replies=replies, **more
    )


_HALF = sse("chat", Answer("Half of it"))[:3]
_HALF_MESSAGE = sse("messages", Answer("Half of it"))[:4]
_NONE = {"Authorization": ""}
_SENTENCE = "a sentence, without any of the request"
_KEY = "an object with a code in place of a word"
_TRUE = "a provider's status, as it is"

EXCHANGES: tuple[Exchange, ...] = (
    # without a key
    _get("`GET /health`", "/health", "200", "200", 200, "same", headers={}, holds=('"status":"ok"', '"timestamp"')),
    _get("`GET /`", "/", "200", "200", 200, "different", "other fields, so that no client takes it for Cherry Studio",
         headers={}, holds=('"cherry-bridge gateway"',), lacks=("endpoints",)),
    _get("`GET /api-docs`", "/api-docs", "301", "404", 200, "better", "there under both names", headers={}),
    _get("`GET /api-docs.json`", "/api-docs.json", "200", "404", 200, "better", "the same, as `/openapi`", headers={}),
    _get("`GET /api-docs/json`", "/api-docs/json", "200", "404", 404, "same", headers=BEARER),
    # keys
    _get("no key", "/v1/models", "401", "401", 401, "better", _KEY, headers={}, holds=("invalid_gateway_key",)),
    _get("a wrong key", "/v1/models", "403", "403", 401, "different", "401, as OpenAI and Anthropic say it",
         headers={"Authorization": "Bearer cs-sk-no"}, holds=("invalid_gateway_key",)),
    _get("`Basic` in place of `Bearer`", "/v1/models", "401", "401", 401, "better", _KEY,
         headers={"Authorization": "Basic abc"}),
    _get("`Bearer` without a key", "/v1/models", "401", "401", 401, "better", _KEY,
             headers={"Authorization": "Bearer "}),
    _get("`bearer` in lower case", "/v1/models?limit=1", "200", "401", 200, "better", "accepted, as v1 does",
         headers={"Authorization": f"bearer {KEY}"}),
    _get("`X-API-Key`", "/v1/models?limit=1", "200", "200", 200, "same", headers={"X-API-Key": KEY}),
    _get("a wrong `X-API-Key` and a right `Bearer`", "/v1/models", "403", "403", 401, "different", "401, as above",
         headers={**BEARER, "X-API-Key": "bad"}),
    _get("`?access_token=`", f"/v1/models?access_token={KEY}", "401", "200", 401, "different",
         "a key in an address ends in logs", headers={}),
    Exchange("chat without a key, and no valid body", "401", "400", 401, "better", "the key is looked at first",
             body={}, headers={}, streamed=False),
    Exchange("chat with a wrong key", "403", "400", 401, "better", "the key is looked at first",
             body={}, headers={"Authorization": "Bearer bad"}, streamed=False),
    Exchange("messages without a key", "401", "400", 401, "better", "the key is looked at first", path="/v1/messages",
             body={}, headers={}, streamed=False, holds=('"type":"error"',)),
    # models
    _get("all models", "/v1/models", "200", "200", 200, "same", "v1 gives 20 of 39; here it is all, with v1's fields",
         holds=('"total":44', "provider_name", "provider_type")),
    _get("`limit` and `offset`", "/v1/models?limit=2&offset=1", "200", "200", 200, "same", holds=('"limit":2',
             '"offset":1')),
    _get("`providerType=anthropic`", "/v1/models?providerType=anthropic", "200", "200", 200, "better",
         "v2 ignores it", holds=("fake-anthropic:",), lacks=("fake-openai:",)),
    _get("`providerType=openai`", "/v1/models?providerType=openai&limit=2", "200", "200", 200, "better",
         "both ignore it", holds=("fake-openai:",)),
    _get("`providerType=bogus`", "/v1/models?providerType=bogus", "400", "200", 400, "better", "told, as v1 does",
         holds=("invalid_parameters",)),
    _get("`limit=0`", "/v1/models?limit=0", "400", "422", 400, "better", _SENTENCE, holds=("invalid_parameters",)),
    _get("`limit=abc`", "/v1/models?limit=abc", "400", "422", 400, "better", _SENTENCE, holds=("invalid_parameters",)),
    _get("one model", "/v1/models/fake-openai:m1", "404", "404", 200, "better", "a route that is there"),
    # routes that are not there
    _get("`GET /v1/nope`", "/v1/nope", "404", "404", 404, "better", "in the dialect of the path", holds=("not_found",)),
    _get("`GET /nope` without a key", "/nope", "404", "404", 401, "different", "without a key nobody learns the routes",
             headers={}),
    Exchange("`POST /chat/completions`", "404", "404", 404, "same", path="/chat/completions", body={}, streamed=False),
    Exchange("`POST /v1/embeddings`", "404", "404", 200, "better", "handed on", path="/v1/embeddings",
             body={"model": "fake-openai:m1", "input": "x"},
             replies=(status(200, {"object": "list", "data": [], "usage": {"prompt_tokens": 1}}),)),
    Exchange("a browser's preflight", "204", "204", 204, "different", "allowed for the origins in gateway.toml alone",
             "OPTIONS", headers={"Origin": "http://x.test", "Access-Control-Request-Method": "POST"}),
    # chat
    Exchange("chat", "200", "200", 200, "same", body=_asked(), holds=("Hello,", '"stop"')),
    Exchange("chat, with `seed`, `user` and an unknown field", "200", "200", 200, "better", "all reach the provider",
             body=_asked(seed=1, user="u1", foo="bar", temperature=0.7), streamed=False),
    Exchange("chat, with the usage of a stream", "200", "200", 200, "same", streamed=True,
             body=_asked(stream_options={"include_usage": True}), holds=('"usage"', "[DONE]")),
    Exchange("a model with a slash and a colon", "200", "200", 200, "same", body=_asked("fake-openai:vendor/m1:free")),
    Exchange("reasoning", "200", "200", 200, "same", body=_asked("fake-openai:reason"), holds=("Blue light",
             '"reasoning_content"')),
    Exchange("`<think>` in the text", "200", "200", 200, "different",
             "stays in the text, as in v1: bytes are not touched",
             body=_asked("fake-openai:tags"), holds=("<think>",)),
    _upstream("comments of the provider", "200", "200", 200, "better", "handed on: they keep the connection open",
              b": waiting\n\n", *sse("chat", Answer()), holds=(": waiting", "[DONE]")),
    Exchange("a tool is called", "200", "200", 200, "same", body=_asked("fake-openai:tool", tools=[TOOL]),
             holds=("get_weather", '"tool_calls"')),
    Exchange("a tool's result", "200", "200", 200, "same", streamed=False, body=_asked(tools=[TOOL], messages=[
        *HI, {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}])),
    Exchange("a picture as a data URL", "200", "200", 200, "same", streamed=False,
             body=_asked(messages=[{"role": "user", "content": [{"type": "text", "text": "hi"}, PICTURE]}])),
    Exchange("an empty answer", "200", "200", 200, "same", body=_asked("fake-openai:empty")),
    Exchange("an answer at its limit", "200", "200", 200, "same", body=_asked("fake-openai:length"),
             holds=('"length"',)),
    Exchange("a filtered answer", "200", "200", 200, "same", body=_asked("fake-openai:filtered"),
             holds=('"content_filter"',)),
    # chat, refused by the gateway
    Exchange("an unknown provider", "400", "400", 404, "different", "404, as OpenAI and Anthropic say it",
             body=_asked("nope:gpt-4"), holds=("model_not_found",)),
    Exchange("a provider that is switched off", "400", "400", 404, "different", "404, as above",
             body=_asked("disabled-one:ok"), holds=("model_not_found",)),
    Exchange("a model without a provider", "400", "400", 200, "better", "answered where one provider alone has it",
             body=_asked("only-here")),
    Exchange("a provider without a model", "400", "400", 404, "different", "404, as above",
             body=_asked("fake-openai:")),
    Exchange("a model that is not offered", "400", "400", 404, "different", "404, as above",
             body=_asked("filtered-one:zzz")),
    Exchange("no model", "400", "400", 400, "better", _SENTENCE, body={"messages": HI}, lacks=("hi",)),
    Exchange("a number as the model", "400", "400", 400, "better", _SENTENCE, body=_asked(1), lacks=("found",)),
    Exchange("no messages", "500", "400", 400, "better", _SENTENCE, body={"model": "fake-anthropic:m1"},
             holds=("messages",)),
    Exchange("an empty list of messages", "400", "400", 400, "better", _SENTENCE, body=_asked("fake-anthropic:m1",
             messages=[])),
    Exchange("a text as the messages", "400", "400", 400, "better", _SENTENCE, body=_asked("fake-anthropic:m1",
             messages="hi")),
    Exchange("a text as `stream`", "200", "400", 400, "better", _SENTENCE, body=_asked(stream="yes"), streamed=None,
             holds=("stream must be",)),
    Exchange("broken JSON", "500", "400", 400, "same", body=b'{"model": '),
    Exchange("no body", "400", "400", 400, "same", body=b""),
    Exchange("a body called plain text", "400", "400", 200, "better", "read: what it is called does not matter",
             body=b'{"model": "fake-openai:m1", "messages": [{"role": "user", "content": "hi"}]}',
             headers={**BEARER, "Content-Type": "text/plain"}),
    # providers of other kinds
    Exchange("Anthropic by chat", "400", "200", 200, "same", body=_asked("fake-anthropic:m1"), holds=("Hello,",
             '"stop"')),
    Exchange("Ollama by chat", "400", "200", 200, "same", body=_asked("ollama:m1")),
    Exchange("Gemini by chat", "400", "200", 200, "same", body=_asked("gemini:m1")),
    Exchange("OpenAI's responses by chat", "400", "200", 200, "same", body=_asked("fake-responses:m1"),
             holds=("Hello,",)),
    # what providers refuse
    _refused("a provider's 400", 400, "500", "400", "same", "", "This model's maximum context length is 8192 tokens."),
    _refused("a provider's 401", 401, "401", "401", "better", "`provider_key_refused`, and without a part of the key",
             "Incorrect API key provided: sk-up***"),
    _refused("a provider's 402", 402, "500", "402", "same", "", "Insufficient Balance"),
    _refused("a provider's 403", 403, "500", "403", "same", "", "Country, region, or territory not supported"),
    _refused("a provider's 404", 404, "500", "404", "same", "", "The model `err404` does not exist"),
    _refused("a provider's 429", 429, "500", "429", "better", "with `Retry-After`; another key answers in its place",
             "Rate limit"),
    _refused("a quota that is spent", 429, "429", "429", "better", "with `Retry-After`",
             "You exceeded your current quota"),
    _refused("a provider's 500", 500, "500", "500", "same", "", "The server had an error"),
    Exchange("a provider's 502 in HTML", "500", "502", 502, "same", body=_asked(),
             replies=(status(502, "<html><h1>Bad Gateway</h1></html>"),), holds=("Bad Gateway",), lacks=("<html>",)),
    Exchange("a 429, and then an answer", "200", "429", 200, "better", "waited for, as long as gateway.toml says",
             body=_asked(), replies=(status(429, {"error": {"message": "slow"}}, Retry_After="0.1"),)),
    Exchange("a provider that resets", "500", "500", 502, "better", "502, and why", body=_asked(), replies=(reset,) * 2,
             holds=("cannot be reached",)),
    Exchange("a provider that is not there", "500", "500", 502, "better", "502, and why", body=_asked("fake-dead:x"),
             holds=("the connection is refused",)),
    # what goes wrong in a stream
    _upstream("an error as the first event", "200", "500", 400, "better",
             "where it is translated, the provider's status", frame(
        {"error": {"message": "no", "type": "invalid_request_error"}}), path="/v1/messages",
             body=_message("fake-openai:m1")),
    _upstream("a connection that breaks", "200", "200", 200, "same", "", *_HALF, then=reset, holds=("Half", '"error"'),
              lacks=("[DONE]",)),
    _upstream("an error in the middle", "200", "200", 200, "better", "in the provider's words", *_HALF,
              frame({"error": {"message": "overloaded"}}), holds=("Half", "overloaded"), lacks=("[DONE]",)),
    _upstream("an answer without a reason for its end", "200", "200", 200, "better",
              "handed on, and no `stop` made up; an error where it is translated", *_HALF, DONE, holds=("Half",),
              lacks=('"stop"',)),
    _upstream("an answer without `[DONE]`", "200", "200", 200, "different", "handed on without it", *_HALF, chunk({},
             "stop"),
              holds=('"stop"',), lacks=("[DONE]",)),
    _upstream("broken JSON in a stream", "200", "200", 200, "different", "handed on; an error where it is translated",
             *_HALF,
              b'data: {"choices": [\n\n', holds=("Half",), lacks=("[DONE]",)),
    _upstream("a whole answer in place of a stream", "200", "200", 200, "better", "made a stream",
              replies=(status(200, {"choices": [{"index": 0, "message": {"content": "Hello"},
             "finish_reason": "stop"}]}),),
              holds=("Hello", '"stop"', "[DONE]")),
    _upstream("a provider that falls silent", "200", "200", 200, "better", "an error after the seconds in gateway.toml",
              *_HALF, then=silence, holds=("Half", "has said nothing"), lacks=("[DONE]",)),
    _upstream("a provider that says nothing", "-", "-", 504, "better", "504 after the seconds in gateway.toml",
              replies=(silence,), holds=("has said nothing",)),
    # messages
    Exchange("messages", "200", "200", 200, "same", path="/v1/messages", body=_message(), holds=("Hello,", "end_turn")),
    Exchange("messages by an OpenAI provider", "200", "200", 200, "same", path="/v1/messages",
             body=_message("fake-openai:m1"), holds=("Hello,", "end_turn")),
    Exchange("messages, reasoning of an OpenAI provider", "200", "200", 200, "same", path="/v1/messages",
             body=_message("fake-openai:reason"), holds=('"thinking"', "Blue light")),
    Exchange("messages without `max_tokens`", "400", "200", 400, "different",
             "the provider decides; Anthropic wants it",
             path="/v1/messages", body={"model": "fake-anthropic:m1", "messages": HI},
             replies=(status(400, {"error": {"message": "max_tokens: Field required"}}),), holds=("max_tokens",)),
    Exchange("an empty list of messages, to `/v1/messages`", "400", "400", 400, "better", _SENTENCE,
             path="/v1/messages",
             body=_message("fake-openai:m1", messages=[]), holds=('"type":"error"',)),
    Exchange("an unknown provider, to `/v1/messages`", "400", "400", 404, "different", "404, as above",
             path="/v1/messages", body=_message("nope:x"), holds=('"type":"error"',)),
    Exchange("a model without a provider, to `/v1/messages`", "400", "400", 404, "different",
             "404 where no provider has it", path="/v1/messages", body=_message("x")),
    Exchange("broken JSON, to `/v1/messages`", "500", "400", 400, "same", path="/v1/messages", body=b'{"model": ',
             holds=('"type":"error"',)),
    _refused("Anthropic's 401", 401, "401, 200", "401", "better", "without a part of the key", "sk-up***",
             messages=True),
    _refused("Anthropic's 429", 429, "429, 200", "429", "better", "with `Retry-After`", "Rate limit", messages=True),
    _refused("Anthropic's 500", 500, "500, 200", "500", "same", "", "The server had an error", messages=True),
    _upstream("Anthropic's connection breaks", "200", "500, 200", 200, "same", "", *_HALF_MESSAGE, then=reset,
              path="/v1/messages", body=_message(), holds=('"type":"error"',), lacks=("message_stop",)),
    _upstream("Anthropic's error in the middle", "200", "500, 200", 200, "better", "in the provider's words",
              *_HALF_MESSAGE, frame({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
             "error"),
              path="/v1/messages", body=_message(), holds=("busy",), lacks=("message_stop",)),
    # one provider's route
    Exchange("`/{provider}/v1/messages`", "200", "404", 200, "better", "there, as in v1",
             path="/fake-anthropic/v1/messages", body=_message("m1"), holds=("Hello,",)),
    Exchange("`/{provider}/v1/messages` of none", "400", "404", 404, "same", path="/nope/v1/messages",
             body=_message("m1")),
    Exchange("`/{provider}/v1/messages` without a key", "401", "404", 401, "better", "there, as in v1",
             path="/fake-anthropic/v1/messages", body=_message("m1"), headers={}),
    # the rest
    Exchange("responses", "404", "200", 200, "same", path="/v1/responses", body={"model": "fake-openai:m1",
             "input": "hi"},
             holds=("Hello,",)),
    Exchange("`count_tokens`", "404", "200", 200, "same", path="/v1/messages/count_tokens",
             body=_message("fake-openai:m1"),
             holds=("input_tokens",)),
)  # fmt: skip


def table(chinese: Mapping[str, str] = {}) -> str:
    """The exchanges as Markdown; `chinese` gives what is said in another language."""

    def said(text: str) -> str:
        return chinese.get(text, text)

    head = [f"| | v1.9.12 | v2.0.8 | {said('here')} | | |", "|---|---|---|---|---|---|"]
    rows = (
        f"| {said(each.name)} | {each.v1} | {each.v2} | {each.here} | {said(each.verdict)} | {said(each.why)} |"
        for each in EXCHANGES
    )
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    print(table(CHINESE if sys.argv[1:] == ["zh-CN"] else {}))
