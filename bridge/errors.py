"""Everything that can go wrong outside our own code.

BridgeError
    SettingsError           what the operator wrote cannot be used; the sentences are ready to print
    StoreError              Redis cannot be reached or will not start
    ChannelError            a platform refused or could not be reached; trying again may help
        RateLimited         try again after `retry_after` seconds (a flood wait)
        Unsure              the platform may or may not have done it: the answer was lost on the way
        TooLong             the text does not fit, whatever `Limits` said
        Refused             it will never be done: bad token, missing permission, text the platform rejects
        Moved               the chat has a new id, `chat`
        Gone                the chat or the message is no longer there for us
    GatewayError            a completion, or the list of models, failed
        GatewayUnreachable  nothing answers, or nothing that is a gateway: it is off, or its port changed
        NoModelList         it answers, but has no list of models; a model named by hand may work
        KeyRefused          the gateway does not accept our key (`missing` tells which way)
        ProviderRefused     the provider behind it refuses: its own key is bad, no balance, not allowed
        ModelNotFound       no such model; `nearest` holds names like it
        PicturesRefused     the model takes no pictures
        ContextTooLong      question and history exceed what the model reads
        ProviderLimited     the provider limits the rate
        GatewaySilent       no first token, or none for too long
        ProviderFailed      the provider or the gateway failed in some other way
        AnswerCut           the stream ended before the answer did
        AnswerEmpty         the answer holds nothing: no text, no picture, no tool call
        AnswerFiltered      the provider's filter withheld the answer

Adapters raise only ChannelError and below, the gateway's client only GatewayError and below; each translates
in one place. No message here ever repeats a request's body: it would hold a person's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.types import Chat, ModelId


CHERRY_STUDIO = "Cherry Studio"
"""The name of a gateway of which nothing else is known."""
OWN_GATEWAY = "cherry-bridge gateway"
"""The name of ours (`bridge.server`), as its root tells it."""
WITH_PROVIDERS = (CHERRY_STUDIO, OWN_GATEWAY)
"""Gateways that name their models ``provider:model``; elsewhere a colon is a part of the name."""


class BridgeError(Exception):
    """The root of the tree."""


class SettingsError(BridgeError):
    """`problems` holds one sentence for each variable that cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StoreError(BridgeError):
    """Redis cannot be reached, or the embedded server cannot be started."""


class ChannelError(BridgeError):
    """A platform could not be reached or did not do what was asked; trying again may help."""


class RateLimited(ChannelError):
    """The platform asks for `retry_after` seconds of quiet in this chat."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited for {retry_after:g} s")
        self.retry_after = retry_after


class Unsure(ChannelError):
    """The request may have been carried out: the connection was lost before the answer came."""


class TooLong(ChannelError):
    """The platform finds the text too long."""


class Refused(ChannelError):
    """The platform will not do this, however often it is asked."""


class Moved(ChannelError):
    """The chat now has another id."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(f"the chat is now {chat}")
        self.chat = chat


class Gone(ChannelError):
    """The chat or the message no longer exists for us: deleted, blocked, kicked."""


class GatewayError(BridgeError):
    """`detail` is what an admin may read: the gateway's or the provider's own words, shortened."""

    gateway_name = CHERRY_STUDIO
    """What people call the gateway; empty where it is a server that has no name we know."""
    gateway_id = ""
    """Which of several gateways it was, as the settings name it; empty where there is one."""
    gateway_label = ""
    """What the operator calls it, where there are several."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or type(self).__name__)
        self.detail = detail


class GatewayUnreachable(GatewayError):
    """Nothing answers at `url`."""

    def __init__(self, url: str, detail: str = "") -> None:
        super().__init__(detail)
        self.url = url


class NoModelList(GatewayError):
    """The server has no route for a list of models."""


class KeyRefused(GatewayError):
    """The gateway does not accept our key; `missing` when we sent none."""

    def __init__(self, *, missing: bool) -> None:
        super().__init__("no key was sent" if missing else "the key is wrong")
        self.missing = missing


class ProviderRefused(GatewayError):
    """The provider refused us; `status`: 401 its key, 402 its balance, 403 not allowed, or another 4xx."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(detail)
        self.status = status


class ModelNotFound(GatewayError):
    """The gateway offers no `model`; `nearest` are the names most like it, best first. `gateways` are what the operator
    calls all of several that do not."""

    def __init__(
        self, model: ModelId | str, nearest: Sequence[ModelId] = (), detail: str = "", gateways: Sequence[str] = ()
    ) -> None:
        super().__init__(detail or f"no model {model}")
        self.model = str(model)
        self.nearest = tuple(nearest)
        self.gateways = tuple(gateways)


class PicturesRefused(GatewayError):
    """The model takes no pictures, and the question holds some; `seeing` are models that may take them."""

    def __init__(self, detail: str = "", seeing: Sequence[ModelId] = ()) -> None:
        super().__init__(detail)
        self.seeing = tuple(seeing)


class ContextTooLong(GatewayError):
    """The messages exceed the model's context window."""


class ProviderLimited(GatewayError):
    """The provider limits the rate, or a quota is used up."""


class GatewaySilent(GatewayError):
    """Nothing came for `seconds`; `before_first` when not even a first token."""

    def __init__(self, seconds: float, *, before_first: bool) -> None:
        super().__init__(f"nothing came for {seconds:g} s")
        self.seconds = seconds
        self.before_first = before_first


class ProviderFailed(GatewayError):
    """The provider or the gateway failed; `status` is the effective HTTP status, 0 where there is none."""

    def __init__(self, status: int = 0, detail: str = "") -> None:
        super().__init__(detail)
        self.status = status


class AnswerCut(GatewayError):
    """The stream ended before the answer did; what came first still stands."""


class AnswerEmpty(GatewayError):
    """The answer holds nothing that can be shown."""


class AnswerFiltered(GatewayError):
    """The provider's content filter withheld the answer, or the rest of it."""
