"""The client of Cherry Studio's API gateway: its models, and answers as they are written.

A completion is one HTTP response on a connection of its own, read no faster than its reader asks; closing that
connection is how it is stopped. Three generations of the gateway and two dialects become one stream of text that
ends well or with exactly one `GatewayError`. Several gateways are one `Gateways`.
"""

from bridge.gateway.client import Gateway, Generation
from bridge.gateway.completion import Completion, Pause
from bridge.gateway.error_body import ErrorBody, read_error, read_response_error
from bridge.gateway.failover import Failover
from bridge.gateway.gateways import Gateways, shortest_ids
from bridge.gateway.health import FAILURE_REASONS, PROBE_SECONDS, Failure, FailureReason, Health, MemoryHealth, Rest
from bridge.gateway.http import MAX_ERROR_BODY_BYTES
from bridge.gateway.knowledge import NOT_THERE, KnowledgeResult
from bridge.gateway.labels import labelled
from bridge.gateway.mcps import McpServerEntry
from bridge.gateway.models import Model, listed_max_tokens, nearest, plain_name, section_name, usable_models
from bridge.gateway.pictures import NO_PICTURES, LoadedPictures, holds_pictures
from bridge.gateway.quirks import QUIRK_TTL_SECONDS, QUIRKS, MemoryQuirks, Quirk, Quirks, QuirkStore, is_quirk
from bridge.gateway.silence import SilenceTimer
from bridge.gateway.sse import MAX_EVENT_BYTES, SseDecoder
from bridge.gateway_address import DEFAULT_PORT, base_url

__all__ = [
    "DEFAULT_PORT",
    "FAILURE_REASONS",
    "MAX_ERROR_BODY_BYTES",
    "MAX_EVENT_BYTES",
    "NOT_THERE",
    "NO_PICTURES",
    "PROBE_SECONDS",
    "QUIRKS",
    "QUIRK_TTL_SECONDS",
    "Completion",
    "ErrorBody",
    "Failover",
    "Failure",
    "FailureReason",
    "Gateway",
    "Gateways",
    "Generation",
    "Health",
    "KnowledgeResult",
    "LoadedPictures",
    "McpServerEntry",
    "MemoryHealth",
    "MemoryQuirks",
    "Model",
    "Pause",
    "Quirk",
    "QuirkStore",
    "Quirks",
    "Rest",
    "SilenceTimer",
    "SseDecoder",
    "base_url",
    "holds_pictures",
    "is_quirk",
    "labelled",
    "listed_max_tokens",
    "nearest",
    "plain_name",
    "read_error",
    "read_response_error",
    "section_name",
    "shortest_ids",
    "usable_models",
]
