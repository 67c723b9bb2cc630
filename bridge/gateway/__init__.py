"""The client of Cherry Studio's API gateway: its models, and answers as they are written.

A completion is one HTTP response on a connection of its own, read no faster than its reader asks; closing that
connection is how it is stopped. Three generations of the gateway and two dialects become one stream of text that
ends well or with exactly one `GatewayError`.
"""

from bridge.gateway.client import Gateway, Generation
from bridge.gateway.completion import Completion, Pause
from bridge.gateway.labels import labelled
from bridge.gateway.models import Model, nearest, usable_models
from bridge.gateway.pictures import NO_PICTURES, LoadedPictures, holds_pictures
from bridge.gateway.quirks import QUIRK_TTL_SECONDS, QUIRKS, MemoryQuirks, Quirk, Quirks, QuirkStore, is_quirk
from bridge.gateway_address import DEFAULT_PORT, base_url

__all__ = [
    "DEFAULT_PORT",
    "NO_PICTURES",
    "QUIRKS",
    "QUIRK_TTL_SECONDS",
    "Completion",
    "Gateway",
    "Generation",
    "LoadedPictures",
    "MemoryQuirks",
    "Model",
    "Pause",
    "Quirk",
    "QuirkStore",
    "Quirks",
    "base_url",
    "holds_pictures",
    "is_quirk",
    "labelled",
    "nearest",
    "usable_models",
]
