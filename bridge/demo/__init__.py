"""A gateway that needs no provider, so that a newcomer can chat before anything is set up.

It answers as Cherry Studio's API server of v1.7 to v1.9 does, from a few scripts instead of a language model, and it
fails on request, by the name of the model. It knows nothing of our client: what the two agree on is the wire.
"""

from bridge.demo.gateway import DemoGateway

__all__ = ["DemoGateway"]
