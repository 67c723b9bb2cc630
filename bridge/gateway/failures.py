"""The one place where the gateway's failures become our errors."""

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
from bridge.gateway.faults import Fault
from bridge.types import ModelId

PASSING = frozenset({408, 429, 502, 503, 504})
"""The statuses that another try may mend."""

BODY_LIMIT = 102_400
"""Bytes. v1.6 takes no larger request and says nothing better than 500."""

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
    r"|no such model|unknown model|模型不存在",
    re.IGNORECASE,
)
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


def failure(
    fault: Fault,
    *,
    url: str,
    key_sent: bool,
    model: ModelId | None = None,
    nearest: Sequence[ModelId] = (),
    private: Iterable[str] = (),
    body_size: int = 0,
) -> GatewayError:
    """The error that `fault` stands for. The order of the questions matters: the surest signs come first."""
    status, said = fault.status, f"{fault.code} {fault.message}"
    detail = fault.detail(private)
    if fault.plain and status in {401, 403}:
        if fault.message.startswith("Forbidden: "):  # not our key but where we call from
            return GatewayUnreachable(url, detail)
        return KeyRefused(missing=not key_sent)
    if fault.foreign:
        return GatewayUnreachable(url, f"something answers there, but not as Cherry Studio's API server: {status}")
    if model is not None and no_model(fault):
        return ModelNotFound(model, nearest, detail)
    if status == 413 or (status not in {401, 402, 403, 429} and _TOO_LONG.search(said)):
        return ContextTooLong(detail)
    if status == 500 and not fault.code.removeprefix("server_error") and body_size > BODY_LIMIT:
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


def no_model(fault: Fault) -> bool:
    """Whether the model is not to be had, by this name or at all."""
    if fault.code in _NO_MODEL_CODES:
        return True
    return fault.status in {0, 400, 404} and _NO_MODEL.search(fault.message) is not None


def unreachable(url: str, error: httpx.TransportError) -> GatewayUnreachable:
    """`error`, whose words are our transport's and fit for an admin."""
    return GatewayUnreachable(url, str(error))
