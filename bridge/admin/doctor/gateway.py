"""The gateway, from the outside in: does anything answer, is it Cherry Studio, does it know us, what does it offer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

from bridge.admin.doctor.answer import answer, asked
from bridge.diagnostics import Diagnostic
from bridge.errors import GatewayError, GatewayUnreachable, KeyRefused, NoModelList
from bridge.gateway import DEFAULT_PORT, Gateway, Generation, Model, labelled, nearest, usable_models
from bridge.settings import Settings
from bridge.words import Words
from bridge.words.shell import DoctorWords
from bridge.words.trouble import trouble

AREA = "gateway"
CONNECT = 3.0
"""Seconds to a connection."""
PATIENCE = 5.0
"""Seconds until a gateway must have said which it is."""
USUAL_PORTS = range(DEFAULT_PORT, DEFAULT_PORT + 5)
"""Where people move it to when the first is taken."""
VERSIONS: dict[Generation, str] = {"A": "1.6", "B": "1.7 - 1.9", "C": "2"}
MOST_SHOWN = 3

Reach = Literal["answers", "hangs up", "mute", "refuses", "silent", "nowhere"]


async def gateway(settings: Settings, words: DoctorWords, talk: Words) -> AsyncIterator[Diagnostic]:
    """Each step only where the one before it succeeded. `talk` says what the model's trouble is."""
    if settings.runs_own_gateway:
        from bridge.admin.doctor.own_gateway import own_gateway

        async for diagnostic in own_gateway(settings, words, talk):
            yield diagnostic
        return
    url, key = settings.gateway_url, settings.gateway_key.get_secret_value()
    async with Gateway(url, key, connect=CONNECT) as client:
        try:
            async with asyncio.timeout(PATIENCE):
                generation = await client.generation()
        except TimeoutError:
            yield words.gateway_mute.found("wrong", AREA, url=url)
            return
        except GatewayUnreachable:
            yield await absent(url, words)
            return
        except GatewayError as error:
            yield words.gateway_failed.found("wrong", AREA, url=url, why=trouble(error, talk, model=None, admin=False))
            return
    if generation == "other":
        yield words.gateway_other.found("ok", AREA, url=url)
    else:
        yield words.gateway_fine.found("ok", AREA, url=url, version=VERSIONS[generation])
    try:
        entries = await listed(url, key)
    except KeyRefused as error:
        yield (words.key_missing if error.missing else words.key_wrong).found("wrong", "key")
        return
    except NoModelList:
        yield words.models_no_list.found("note" if settings.model else "wrong", "models", url=url)
        if settings.model:
            yield await answer(asked(url, key), settings.model, words, talk)
        return
    except GatewayError as error:
        yield words.gateway_failed.found("wrong", AREA, url=url, why=trouble(error, talk, model=None, admin=False))
        return
    yield (words.key_fine if key else words.key_none).found("ok", "key")

    models = labelled(usable_models(entries))
    if not models:
        yield words.models_none.found("wrong", "models")
        return
    yield words.models_fine.found("ok", "models", count=len(models), providers=_providers(models))
    usable = {str(model.id) for model in models}
    unusable = [str(entry["id"]) for entry in entries if str(entry["id"]) not in usable]
    if unusable:
        yield words.models_unusable.found("note", "models", count=len(unusable), example=unusable[0])
    if settings.model is not None and str(settings.model) not in usable:
        if str(settings.model) in unusable:
            sentence = words.model_unusable
        else:
            sentence = words.model_gone_v1 if generation in ("A", "B") else words.model_gone
        like = ", ".join(map(str, nearest(str(settings.model), models, MOST_SHOWN)))
        yield sentence.found("wrong", "models", model=settings.model, nearest=like)
        return
    yield await answer(asked(url, key), settings.model or models[0].id, words, talk)


async def listed(url: str, key: str) -> list[dict[str, object]]:
    """Every entry of the gateway's list that has an id, usable or not. Raises GatewayError."""
    return await entries_of(Gateway(url, key, connect=CONNECT))


async def entries_of(gateway: Gateway) -> list[dict[str, object]]:
    """The same of a gateway that is entered for it."""
    async with gateway as client:
        return await client.entries()


def usual(host: str = "127.0.0.1") -> list[str]:
    """The addresses on `host` where a gateway is most likely to be."""
    return [f"http://{host}:{port}" for port in USUAL_PORTS]


async def found(urls: Sequence[str]) -> str:
    """The first of these addresses with Cherry Studio, or else with another such server; empty where there is none."""
    generations = dict(zip(urls, await asyncio.gather(*map(_generation, urls)), strict=True))
    cherry = (url for url, generation in generations.items() if generation not in (None, "other"))
    other = (url for url, generation in generations.items() if generation == "other")
    return next(cherry, "") or next(other, "")


async def _generation(url: str) -> Generation | None:
    try:
        async with asyncio.timeout(CONNECT), Gateway(url, connect=CONNECT) as client:
            return await client.generation()
    except (GatewayError, TimeoutError):
        return None


async def absent(url: str, words: DoctorWords) -> Diagnostic:
    """Why there is no gateway at `url`, and where there is one."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    reach = await reached(host, port, tls=parts.scheme == "https")
    if reach == "nowhere":
        return words.gateway_no_host.found("wrong", AREA, host=host)
    if reach == "silent":
        return words.gateway_far.found("wrong", AREA, url=url, seconds=CONNECT)
    if reach == "mute":
        return words.gateway_mute.found("wrong", AREA, url=url)
    if reach == "hangs up":
        return words.gateway_hangs_up.found("wrong", AREA, url=url)
    if elsewhere := await found(usual(f"[{host}]" if ":" in host else host)):
        moved = words.gateway_displaced if reach == "answers" else words.gateway_moved
        return moved.found("wrong", AREA, url=url, found=elsewhere)
    return (words.gateway_stranger if reach == "answers" else words.gateway_silent).found("wrong", AREA, url=url)


async def reached(host: str, port: int, *, tls: bool) -> Reach:
    """What becomes of a connection, and without TLS of a request. An end of a tunnel takes both, and has no answer."""
    try:
        async with asyncio.timeout(CONNECT):
            reader, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return "silent"
    except socket.gaierror:
        return "nowhere"
    except OSError:
        return "refuses"
    try:
        if tls:
            return "answers"
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(CONNECT):
            return "answers" if await reader.read(1) else "hangs up"
    except TimeoutError:
        return "mute"
    except OSError:
        return "hangs up"
    finally:
        writer.close()


def _providers(models: Sequence[Model]) -> str:
    names = list(dict.fromkeys(model.provider_name for model in models))
    return ", ".join(names[:MOST_SHOWN]) + (f" (+{len(names) - MOST_SHOWN})" if len(names) > MOST_SHOWN else "")
