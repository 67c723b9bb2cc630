"""The one place where error bodies of the gateway and of providers become our exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import httpx

from bridge.errors import (
    AnswerFiltered,
    ContextTooLong,
    GatewayError,
    GatewayUnreachable,
    KeyRefused,
    ModelNotFound,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
)
from bridge.gateway.error_body import ErrorBody
from bridge.types import ModelId

RETRYABLE_STATUSES = frozenset({408, 429, 502, 503, 504})
"""HTTP statuses after which another attempt may succeed."""

V16_MAX_BODY_BYTES = 102_400
"""The largest request that v1.6 takes; to a larger one it answers a bare 500."""

_OWN_GATEWAY_KEY = "invalid_gateway_key"
"""The code with which `bridge.server` refuses a client's key, so that it is not taken for a provider's."""

_NO_MODEL_CODES = {
    "model_not_found",
    "provider_not_found",
    "model_not_available",
    "invalid_model_format",
    "invalid_model_parameter",
    "unsupported_provider_type",
}
_NO_MODEL = re.compile(
    r"^Provider '.*' (?:not found|of type)|^Model '.*' not available in provider|^Invalid model format"
    r"|is not available through the API gateway"  # the gateway, in each generation
    r"|\bmodels?\b.{0,80}(?:does not exist|not exist|not found|no longer available)"  # providers
    r"|no such model|unknown model|模型不存在"
    r"|no healthy deployments|invalid model name passed"  # LiteLLM
    r"|is not a valid model|no endpoints found for"  # OpenRouter
    r"|无可用渠道|no available channel"  # one-api, new-api
    r"|no models? (?:is |are )?loaded|failed to load model",  # LM Studio
    re.IGNORECASE,
)
_NO_KEY_STORE = re.compile(r"^No connected db\.$")
"""LiteLLM 1.108 without a data base, where the key is not its master key: status 400."""
_PROVIDERS_KEY = re.compile(r"litellm\.\w*Error|Exception - |incorrect api key provided|x-api-key", re.IGNORECASE)
"""Of a provider behind the server; the last two are OpenAI's and Anthropic's own words."""
_TOO_LONG = re.compile(
    r"context.?length|context.?window|context.?limit|context.?size|maximum context"  # OpenAI, vLLM, llama.cpp
    r"|maximum (?:prompt|model) length|max_seq_len"  # xAI, older vLLM, SiliconFlow
    r"|(?:prompt|input) is too long|prompt contains .* too large"  # Anthropic, Ollama, Bedrock; Mistral
    r"|input token count|exceeded model token limit|too many tokens"  # Gemini, Moonshot, Cohere
    r"|range of input length|input length .*exceed|reduce the length of the messages"  # Qwen, Doubao, Groq
    r"|input validation error: `inputs`|max message tokens|超长|长度超",  # TGI; Doubao; Zhipu and others
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content_policy|content management policy|ResponsibleAIPolicy"  # OpenAI, Azure
    r"|data_inspection_failed|Content Exists Risk|inappropriate content|敏感",  # Qwen, DeepSeek, Zhipu
    re.IGNORECASE,
)
_LIMITED = re.compile(r"rate.?limit|quota|too many requests|resource_exhausted|限流|频率|额度", re.IGNORECASE)
_UNPAID = re.compile(r"insufficient.{0,20}balance|balance.{0,20}insufficient|arrear|欠费|余额", re.IGNORECASE)


def to_gateway_error(
    body: ErrorBody,
    *,
    url: str,
    key_sent: bool,
    model: ModelId | None = None,
    nearest: Sequence[ModelId] = (),
    private: Iterable[str] = (),
    body_size: int = 0,
    direct: bool = False,
) -> GatewayError:
    """The exception for `body`; `direct`: it came from a server that is no Cherry Studio.

    The order of the tests matters: the surest signs come first.
    """
    status, said = body.status, f"{body.code} {body.message}"
    detail = body.detail(private)
    if body.code == _OWN_GATEWAY_KEY:
        return KeyRefused(missing=not key_sent)
    if body.plain and status in {401, 403}:
        if body.message.startswith("Forbidden: "):  # not our key but where we call from
            return GatewayUnreachable(url, detail)
        return KeyRefused(missing=not key_sent)
    if _is_our_key(body, model, direct=direct):
        return KeyRefused(missing=not key_sent)
    if body.foreign:
        return GatewayUnreachable(url, f"something answers there, but not as Cherry Studio's API server: {status}")
    if model is not None and is_model_not_found(body):
        return ModelNotFound(model, nearest, detail)
    if status == 413 or (status not in {401, 402, 403, 429} and _TOO_LONG.search(said)):
        return ContextTooLong(detail)
    if status == 500 and not body.code.removeprefix("server_error") and body_size > V16_MAX_BODY_BYTES:
        return ContextTooLong("the request is larger than this version of Cherry Studio takes")
    if _FILTERED.search(said):
        return AnswerFiltered(detail)
    if status == 402 or _UNPAID.search(said):
        return ProviderRefused(402, detail)
    if status == 429 or (status != 401 and _LIMITED.search(said)):
        return ProviderLimited(detail)
    if 400 <= status < 500 and status != 408:
        return ProviderRefused(status, detail)
    return ProviderFailed(status, detail)


def _is_our_key(body: ErrorBody, model: ModelId | None, *, direct: bool) -> bool:
    """Whether the server refuses our key, and no provider behind it refuses the server's."""
    if _NO_KEY_STORE.search(body.message):
        return True
    if body.foreign or body.status not in {401, 403}:
        return False
    if model is None:  # no provider is involved in a list of models
        return True
    return body.status == 401 and (direct or not model.provider) and not _PROVIDERS_KEY.search(body.message)


def is_model_not_found(body: ErrorBody) -> bool:
    """Whether `body` says that the model does not exist, by this name or at all."""
    if body.code in _NO_MODEL_CODES:
        return True
    return body.status in {0, 400, 404, 503} and _NO_MODEL.search(body.message) is not None


def unreachable(url: str, error: httpx.TransportError) -> GatewayUnreachable:
    """The exception for a connection that failed; the text is our transport's own and fit for an admin."""
    return GatewayUnreachable(url, str(error))
