"""OpenAI-compatible servers on loopback that are not Cherry Studio, each with the answers of the real one.

LiteLLM's were recorded from 1.108.7; those of the others are as their sources and their users' reports show them.
"""

from tests.emulators.servers.frames import DONE, END, NO_LIST, Reply, chunk, delta, refusal, streamed
from tests.emulators.servers.server import KEY, ServerEmulator
from tests.emulators.servers.shapes import KINDS, Kind

__all__ = [
    "DONE",
    "END",
    "KEY",
    "KINDS",
    "NO_LIST",
    "Kind",
    "Reply",
    "ServerEmulator",
    "chunk",
    "delta",
    "refusal",
    "streamed",
]
