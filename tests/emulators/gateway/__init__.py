"""Cherry Studio's API gateway on loopback, in each of its generations, with a provider behind it that obeys.

Statuses, headers, bodies and frames are those that recorded exchanges with the real gateways show. What a model
does follows from its name: see `catalogue.BEHAVIOURS`. `answer` puts words into a model's mouth.
"""

from tests.emulators.gateway.catalogue import Behaviour, Provider
from tests.emulators.gateway.completion import Completion
from tests.emulators.gateway.knowledge import Passage
from tests.emulators.gateway.server import KEY, GatewayEmulator, Generation

__all__ = ["KEY", "Behaviour", "Completion", "GatewayEmulator", "Generation", "Passage", "Provider"]
