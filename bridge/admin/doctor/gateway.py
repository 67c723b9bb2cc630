"""The gateway, from the outside in: does anything answer, is it Cherry Studio, does it know us, what does it offer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

from bridge.admin.doctor.answer import answer, impatient, key_diagnostic
from bridge.diagnostics import Diagnostic, Sentence, in_variables_of
from bridge.errors import (
    CHERRY_STUDIO,
    WITH_PROVIDERS,
    GatewayError,
    GatewayUnreachable,
    KeyRefused,
    NoModelList,
    ProviderFailed,
)
from bridge.gateway import DEFAULT_PORT, Gateway, Generation, Model, labelled, nearest, usable_models
from bridge.settings import Settings
from bridge.types import ModelId
from bridge.words import Words, models_count, trouble
from bridge.words.shell import DoctorWords

AREA = "gateway"
CONNECT_SECONDS = 3.0
"""Seconds to a connection."""
RECOGNITION_SECONDS = 5.0
"""Seconds until a gateway must have said which it is."""
USUAL_PORTS = range(DEFAULT_PORT, DEFAULT_PORT + 5)
"""Where people move it to when the first is taken."""
VERSIONS: dict[Generation, str] = {"A": "1.6", "B": "1.7 - 1.9", "C": "2"}
MOST_SHOWN = 3

Reach = Literal["answers", "hangs up", "mute", "refuses", "silent", "nowhere"]


async def gateway(settings: Settings, words: DoctorWords, talk: Words, id: str = "") -> AsyncIterator[Diagnostic]:
    """Each step only where the one before it succeeded. `talk` says what the model's trouble is, `id` which gateway of
    several it is."""
    at = settings.gateway_settings()[id]
    model = settings.model
    if id and model is not None:
        bare, named = model.split_gateway()
        model = bare if named == id else None
    if at.is_inside:
        from bridge.admin.doctor.own_gateway import own_gateway

        async for diagnostic in own_gateway(settings.gateway_file, model, words, talk):
            yield named_in(diagnostic, id, at.name or id)
        return
    async for diagnostic in _examine(at.url, at.key.get_secret_value(), model, words, talk):
        yield named_in(diagnostic, id, at.name or id)


def named_in(diagnostic: Diagnostic, id: str, label: str) -> Diagnostic:
    """`diagnostic` with the name of the gateway among several, and with its variables."""
    shown = in_its_variables(diagnostic, id)
    return replace(shown, text=f"{label}: {shown.text}") if id else shown


def in_its_variables(diagnostic: Diagnostic, id: str) -> Diagnostic:
    """`diagnostic` of the gateway called `id` among several, with that gateway's variables."""
    return replace(diagnostic, text=in_variables_of(id, diagnostic.text), fix=in_variables_of(id, diagnostic.fix))


async def _examine(
    url: str, key: str, model: ModelId | None, words: DoctorWords, talk: Words
) -> AsyncIterator[Diagnostic]:
    async with Gateway(url, key, connect=CONNECT_SECONDS) as client:
        try:
            async with asyncio.timeout(RECOGNITION_SECONDS):
                generation = await client.generation()
        except TimeoutError:
            yield words.gateway_mute.found("wrong", AREA, url=url)
            return
        except GatewayUnreachable:
            yield await absent(url, words)
            return
        except GatewayError as error:
            yield failed(url, error, words, talk)
            return
        name = client.name
    if generation != "other":
        yield words.gateway_fine.found("ok", AREA, url=url, version=VERSIONS[generation])
    elif name:
        yield words.gateway_named.found("ok", AREA, url=url, gateway=name)
    else:
        yield words.gateway_other.found("ok", AREA, url=url)
    try:
        entries = await listed(url, key, name)
    except KeyRefused as error:
        yield key_diagnostic(error, words)
        return
    except NoModelList:
        yield words.models_no_list.found("note" if model else "wrong", "models", url=url)
        if model:
            yield await answer(impatient(url, key, name), model, words, talk)
        return
    except GatewayError as error:
        yield failed(url, error, words, talk)
        return
    accepted = (words.key_fine if key else words.key_none).found("ok", "key")
    if generation != "other":
        yield accepted
    direct = name not in WITH_PROVIDERS
    models = labelled(usable_models(entries, direct=direct), server=name if direct else "")
    if not models:
        none = words.models_none_other if direct else words.models_none
        yield none.found("wrong", "models", gateway=name or words.that_server)
        return
    yield words.models_fine.found("ok", "models", models=models_count(len(models), words), providers=_providers(models))
    usable = {str(model.id) for model in models}
    unusable = [str(entry["id"]) for entry in entries if str(entry["id"]) not in usable]
    if unusable:
        more = words.models_unusable_other if direct else words.models_unusable
        yield more.found("note", "models", models=models_count(len(unusable), words), example=unusable[0])
    if model is not None and str(model) not in usable:
        like = ", ".join(map(str, nearest(str(model), models, MOST_SHOWN)))
        gone = _gone(str(model) in unusable, generation, words)
        gateway = name or words.that_server
        yield gone.found("wrong", "models", model=model, nearest=like, gateway=gateway)
        return
    answered = await answer(impatient(url, key, name), model or models[0].id, words, talk)
    if direct and answered.area != "key":  # some show their list to everybody, so only this tells
        yield accepted
    yield answered


def _gone(listed: bool, generation: Generation, words: DoctorWords) -> Sentence:
    """What to say of a model that is not among those that can be used; `listed`: it is in the list."""
    if listed:
        return words.model_unusable
    if generation == "other":
        return words.model_gone_other
    return words.model_gone_v1 if generation in ("A", "B") else words.model_gone


def failed(url: str, error: GatewayError, words: DoctorWords, talk: Words) -> Diagnostic:
    """What to do about a server that is there, but does not do what it should."""
    why = trouble(error, talk, model=None, admin=False)
    if error.gateway_name == CHERRY_STUDIO:
        return words.gateway_failed.found("wrong", AREA, url=url, why=why)
    gateway = error.gateway_name or words.that_server
    if isinstance(error, ProviderFailed) and "loading model" in error.detail.lower():
        return words.gateway_loading.found("wrong", AREA, url=url, gateway=gateway)
    return words.gateway_failed_other.found("wrong", AREA, url=url, why=why, gateway=gateway)


async def listed(url: str, key: str, name: str = CHERRY_STUDIO) -> list[dict[str, object]]:
    """Every entry of the list of the gateway called `name` that has an id, usable or not. Raises GatewayError."""
    client = Gateway(url, key, connect=CONNECT_SECONDS)
    client.recognise(name)
    return await entries_of(client)


async def entries_of(gateway: Gateway) -> list[dict[str, object]]:
    """Every entry of the list of `gateway`, which is entered for it. Raises GatewayError."""
    async with gateway as client:
        return await client.entries()


def usual(host: str = "127.0.0.1") -> list[str]:
    """The addresses on `host` where a gateway is most likely to be."""
    return [f"http://{host}:{port}" for port in USUAL_PORTS]


async def found(urls: Sequence[str]) -> str:
    """The first of these addresses with Cherry Studio, or else with another such server; empty where there is none."""
    servers = dict(zip(urls, await asyncio.gather(*map(_server, urls)), strict=True))
    cherry = (url for url, server in servers.items() if server == (True, CHERRY_STUDIO))
    other = (url for url, server in servers.items() if server[0])
    return next(cherry, "") or next(other, "")


async def name_at(url: str) -> str:
    """What people call the server at `url`, as `Gateway.name` has it."""
    return (await _server(url))[1]


async def _server(url: str) -> tuple[bool, str]:
    """Whether such a server is there, and its name."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS), Gateway(url, connect=CONNECT_SECONDS) as client:
            await client.generation()
            return True, client.name
    except (GatewayError, TimeoutError):
        return False, CHERRY_STUDIO


async def absent(url: str, words: DoctorWords) -> Diagnostic:
    """Why there is no gateway at `url`, and where there is one."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    reach = await reached(host, port, tls=parts.scheme == "https")
    if reach == "nowhere":
        return words.gateway_no_host.found("wrong", AREA, host=host)
    if reach == "silent":
        return words.gateway_far.found("wrong", AREA, url=url, seconds=CONNECT_SECONDS)
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
        async with asyncio.timeout(CONNECT_SECONDS):
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
        async with asyncio.timeout(CONNECT_SECONDS):
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
