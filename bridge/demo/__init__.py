"""A gateway that needs no provider, so that a newcomer can chat before anything is set up.

It is the gateway of `bridge.server`, and answers from a few scripts instead of language models; it fails on request, by
the name of the model. It knows nothing of our client: what the two agree on is the wire.
"""

from bridge.demo.gateway import DemoGateway
from bridge.demo.sound import DemoSpeech

__all__ = ["DemoGateway", "DemoSpeech"]
