"""The client of Cherry Studio's API gateway: its models, and answers as they are written.

A completion is one HTTP response on a connection of its own, read no faster than its reader asks; closing that
connection is how it is stopped. Three generations of the gateway and two dialects become one stream of text that
ends well or with exactly one `GatewayError`.
"""

from bridge.gateway.address import base_url
from bridge.gateway.client import Gateway
from bridge.gateway.completion import Completion
from bridge.gateway.dialects import Usage
from bridge.gateway.models import Model

__all__ = ["Completion", "Gateway", "Model", "Usage", "base_url"]
