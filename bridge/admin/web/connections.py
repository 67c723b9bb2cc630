"""Gateways and channels: their addresses, keys and tokens, entered and tried as `cherry-bridge init` does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from bridge.admin.doctor import Check, examine
from bridge.admin.doctor.gateway import gateway
from bridge.admin.doctor.settings import settings
from bridge.admin.doctor.setup import Setup
from bridge.admin.web.guard import needs_owner
from bridge.admin.web.render import render
from bridge.admin.web.site import SITE, STARTED, Site, Tongue, tongue_of, visit_of
from bridge.admin.web.variables import Variable, keep, problems, read_setup, trial, typed, variables
from bridge.diagnostics import Diagnostic, SettingPrompt, gateway_variable
from bridge.words import IN
from bridge.words.shell import DOCTOR, INIT

GATEWAY = "gateway"
SET, NOT_SET = "set", "off"
"""How the audit log says of a secret that it was set, or was not."""
_AT_TERMINAL = re.compile(r"\s*[(（][^)）]*[)）]$")
"""What a prompt says of the Enter key, which a page has no use for."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A gateway or a channel: what it is set up with."""

    name: str
    """In its address on the page: ``telegram``, ``gateway``, ``gateway-home``."""
    title: str
    prompts: Sequence[SettingPrompt]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of new values."""

    name: str
    kept: bool
    found: Sequence[Diagnostic] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    """By variable, why its value cannot be used."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What was typed, without secrets, so that nobody need type it again."""


async def show(request: web.Request, tried: Tried | None = None) -> web.Response:
    site, tongue = request.app[SITE], tongue_of(request)
    setup = read_setup(site)
    return render(
        request,
        "connections.html",
        422 if tried is not None and not tried.kept else 200,
        connections=_connections(site, setup, tongue),
        variables=variables(site, setup, request.app[STARTED]),
        tried=tried,
    )


async def save(request: web.Request) -> web.Response:
    """Try what was typed, and keep it if it works, or if it is wanted all the same."""
    needs_owner(request)
    site, tongue, name = request.app[SITE], tongue_of(request), request.match_info["name"]
    setup = read_setup(site)
    connection = next((each for each in _connections(site, setup, tongue) if each.name == name), None)
    if connection is None:
        raise web.HTTPNotFound
    form = await request.post()
    known = variables(site, setup, request.app[STARTED])
    before = {prompt.variable: known[prompt.variable] for prompt in connection.prompts}
    values = _changed(before, {name: typed(str(form[name])) for name in before if name in form})
    shown = {name: text for name, text in values.items() if not before[name].secret}
    with trial(values) as env_file:
        wrong = {name: why for name in values if (why := problems(before[name].kind, name, env_file))}
        if wrong:
            return await show(request, Tried(name, kept=False, wrong=wrong, typed=shown))
        trying = Setup.read(site.channels, env_file)
        check = _check(connection.name, trying, tongue)
        found = [each async for each in examine({name: check}, DOCTOR[tongue.language])]
    if any(each.severity == "wrong" for each in found) and not form.get("anyway"):
        return await show(request, Tried(name, kept=False, found=found, typed=shown))
    await store(request, before, values)
    return await show(request, Tried(name, kept=True, found=found))


async def store(request: web.Request, before: Mapping[str, Variable], values: Mapping[str, str]) -> None:
    """Write the values, and into the audit log what they were; of secrets, only whether they were set."""
    if not values:
        return
    keep(values)
    audit, actor = request.app[SITE].management.access.audit, visit_of(request).actor
    for name, value in values.items():
        old = before[name].value if before[name].source == "file" else ""
        new = (SET if value else NOT_SET) if before[name].secret else value
        await audit.note(actor, f"setting {name}", new or NOT_SET, SET if before[name].secret and old else old)


def _changed(before: Mapping[str, Variable], form: Mapping[str, str]) -> dict[str, str]:
    """Only what differs; a secret that is left empty stays as it is."""
    values = {}
    for name, text in form.items():
        known = before[name]
        old = known.value if known.source == "file" else ""
        if known.editable and (text if known.secret else text != old):
            values[name] = text
    return values


def _connections(site: Site, setup: Setup, tongue: Tongue) -> list[Connection]:
    words, found = INIT[tongue.language], []
    at = setup.own.gateway_settings()
    inside = {id for id, each in at.items() if each.is_inside}
    ids = [] if "" in inside else [id for id in setup.own.gateways or ("",) if id not in inside]
    for id in ids:
        prompts = [
            SettingPrompt(gateway_variable(id, "url"), words.gateway_ask, "", words.gateway_shape),
            SettingPrompt(gateway_variable(id, "key"), words.key_ask, words.key_where, "", secret=True, optional=True),
        ]
        if id == ids[-1]:
            label, hint = tongue.web.setting_names["model"], tongue.web.setting_hints["model"]
            prompts.append(SettingPrompt("BRIDGE_MODEL", label, "", hint, optional=True))
        title = f"{tongue.web.gateway} {id}".strip()
        found.append(Connection(f"{GATEWAY}-{id}" if id else GATEWAY, title, prompts))
    for name, (channel, _) in setup.theirs.items():
        prompts = [_for_page(each) for each in type(channel).questions(tongue.language)]
        found.append(Connection(name, name.title(), prompts))
    return found


def _for_page(prompt: SettingPrompt) -> SettingPrompt:
    return SettingPrompt(
        prompt.variable,
        _AT_TERMINAL.sub("", prompt.ask),
        prompt.where,
        prompt.format_hint,
        prompt.secret,
        prompt.optional,
    )


def _check(name: str, setup: Setup, tongue: Tongue) -> Check:
    words = DOCTOR[tongue.language]
    if name in setup.theirs:
        return partial(setup.theirs[name][0].check, tongue.language, thorough=False)
    id = name.removeprefix(GATEWAY).removeprefix("-") if len(setup.own.gateways) > 1 else ""
    if id not in setup.own.gateway_settings():  # another one lacks its address, and then none can be told
        kinds = [type(setup.own), *(type(channel) for channel, _ in setup.theirs.values())]
        return partial(settings, kinds, setup.errors, setup.env_file, words)
    return partial(gateway, setup.own, words, IN[tongue.language], id)


ROUTES = [
    web.get("/setup/connections", show, name="connections"),
    web.post("/setup/connections/{name}", save, name="connect"),
]
