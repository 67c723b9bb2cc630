"""What goes wrong with a request, as one exception, and how each dialect tells it."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web

from bridge.gateway import ErrorBody
from bridge.server.codec import encode

Shape = Literal["openai", "anthropic"]

_OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""https://platform.claude.com/docs/en/api/errors"""

INVALID_KEY = "invalid_gateway_key"
"""The code where the client's key for this gateway is missing or wrong."""
PROVIDER_KEY = "provider_key_refused"
"""The code where a provider does not accept the key that the gateway has for it."""


class ApiError(Exception):
    """A request fails with `status`. `message` is a sentence for the client: it holds no secret and no request."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "",
        *,
        param: str = "",
        type: str = "",
        retry_after: float | None = None,
        details: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.type = type
        self.retry_after = retry_after
        """Seconds after which another attempt may succeed."""
        self.details = details

    def body(self, shape: Shape) -> dict[str, Any]:
        """The error as that dialect writes it, in a response or in a stream."""
        more = {"details": self.details} if self.details else {}
        if shape == "anthropic":
            kind = _ANTHROPIC_TYPES.get(self.status) or ("api_error" if self.status >= 500 else "invalid_request_error")
            # `code` is ours: the dialect has none, and a client can only guess from a sentence.
            code = {"code": self.code} if self.code else {}
            return {"type": "error", "error": {"type": kind, "message": self.message, **code, **more}}
        kind = _OPENAI_TYPES.get(self.status) or ("server_error" if self.status >= 500 else "invalid_request_error")
        error = {
            "message": self.message,
            "type": self.type or kind,
            "param": self.param or None,
            "code": self.code or None,
        }
        return {"error": {**error, **more}}

    def response(self, shape: Shape) -> web.Response:
        headers = {} if self.retry_after is None else {"Retry-After": str(max(1, round(self.retry_after + 0.499)))}
        return json_response(self.body(shape), self.status, headers)


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=encode(data), status=status, content_type="application/json", charset="utf-8", headers=headers
    )


def from_provider(provider: str, body: ErrorBody, *, retry_after: float | None = None) -> ApiError:
    """The error for what a provider answered: its status and words, without markup or keys."""
    status, said = body.status or 502, body.detail()
    if body.foreign or not 400 <= status < 600:
        where = f"The provider '{provider}' answered {body.status}, and not as an API"
        return ApiError(502, where, "bad_provider_response")
    if status == 401:
        why = f": {said}" if said else ""
        return ApiError(401, f"The provider '{provider}' refused the gateway's key{why}", PROVIDER_KEY)
    message = said or f"The provider '{provider}' answered {status}"
    return ApiError(status, message, body.code, param=body.param, retry_after=retry_after)


def unreachable(provider: str, why: str) -> ApiError:
    return ApiError(502, f"The provider '{provider}' cannot be reached: {why}", "provider_unreachable")


def silent(provider: str, seconds: float) -> ApiError:
    said = f"The provider '{provider}' has said nothing for {seconds:g} s"
    return ApiError(504, said, "provider_silent")


def broken_off(provider: str) -> ApiError:
    return ApiError(502, f"The provider '{provider}' broke off before the answer was complete", "provider_broke_off")


def no_answer(provider: str) -> ApiError:
    said = f"The provider '{provider}' sent something that is no answer"
    return ApiError(502, said, "bad_provider_response")
