"""The three ways of asking for a completion, each of which can be told to a provider of any other."""

from __future__ import annotations

from bridge.server.dialects import chat_request, messages_request, responses_request
from bridge.server.dialects.base import Dialect, Name, Reader, Traits, Writer
from bridge.server.dialects.chat_answer import ChatReader, ChatWriter
from bridge.server.dialects.messages_answer import MessagesReader, MessagesWriter
from bridge.server.dialects.responses_answer import ResponsesReader
from bridge.server.dialects.responses_writer import ResponsesWriter
from bridge.server.request import Request

__all__ = [
    "DIALECTS",
    "Dialect",
    "Name",
    "Reader",
    "Traits",
    "Writer",
]


class _Chat:
    name: Name = "chat"
    path = "/chat/completions"
    read = staticmethod(chat_request.read)
    write = staticmethod(chat_request.write)
    reader = ChatReader

    @staticmethod
    def writer(model: str, request: Request) -> Writer:
        return ChatWriter(model, include_usage=request.include_usage)


class _Messages:
    name: Name = "messages"
    path = "/messages"
    read = staticmethod(messages_request.read)
    write = staticmethod(messages_request.write)
    reader = MessagesReader

    @staticmethod
    def writer(model: str, request: Request) -> Writer:
        return MessagesWriter(model)


class _Responses:
    name: Name = "responses"
    path = "/responses"
    read = staticmethod(responses_request.read)
    write = staticmethod(responses_request.write)
    reader = ResponsesReader
    writer = ResponsesWriter


DIALECTS: dict[Name, Dialect] = {"chat": _Chat(), "messages": _Messages(), "responses": _Responses()}
