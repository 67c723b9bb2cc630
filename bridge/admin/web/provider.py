"""One provider of our own gateway: its name, which of its models are offered, other names for them, prices, a limit.

Each is written as one would read it, one a line; its keys and all else in `gateway.toml` stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bridge.admin.web.guard import needs_owner
from bridge.admin.web.providers import read_providers
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, tongue_of, visit_of
from bridge.admin.web.variables import typed
from bridge.errors import SettingsError

if TYPE_CHECKING:
    from bridge.server import Price, ProviderSpec

MAX_LINES = 200
_PAIR = re.compile(r"(\S+?)\s*=\s*(\S.*)")
_NUMBER = r"(\d{1,6}(?:\.\d{1,9})?)"
_PRICE = re.compile(rf"{_NUMBER}\s*/\s*{_NUMBER}(?:\s*/\s*{_NUMBER})?")
PRICE_PARTS = ("input", "output", "cached")


def _models(lines: list[str]) -> list[str]:
    words = [word for line in lines for word in line.replace(",", " ").split()]
    return list(dict.fromkeys(words))


def _aliases(lines: list[str]) -> dict[str, str]:
    return dict(_pair(line) for line in lines)


def _prices(lines: list[str]) -> dict[str, dict[str, float]]:
    prices = {}
    for line in lines:
        pattern, text = _pair(line)
        if (found := _PRICE.fullmatch(text)) is None:
            raise ValueError(line)
        prices[pattern] = {part: float(each) for part, each in zip(PRICE_PARTS, found.groups(), strict=True) if each}
    return prices


def _limit(lines: list[str]) -> str:
    from bridge.server import parse_rate

    if lines:
        parse_rate(lines[0])
    return "".join(lines).replace(" ", "")


def _pair(line: str) -> tuple[str, str]:
    """Raises ValueError where the line is none."""
    found = _PAIR.fullmatch(line)
    if found is None:
        raise ValueError(line)
    return found[1], found[2]


FIELDS: Mapping[str, Callable[[list[str]], Any]] = {
    "name": " ".join,
    "models": _models,
    "aliases": _aliases,
    "prices": _prices,
    "limit": _limit,
}
"""What a form holds, and how the lines that were typed into a field are read: to what `gateway.toml` says."""
LONG = ("models", "aliases", "prices")


async def edit(request: web.Request) -> web.Response:
    return _form(request, _written(_wanted(request)))


async def save(request: web.Request) -> web.StreamResponse:
    """Change what differs. Where something cannot be used, nothing at all is changed, and it is said which."""
    needs_owner(request)
    from bridge.admin.shell.gateway.file import change_provider

    spec, form = _wanted(request), await request.post()
    kept = _written(spec)
    new = {name: _lines(str(form[name])) if name in form else kept[name].splitlines() for name in FIELDS}
    values, wrong = {}, {}
    for name, lines in new.items():
        try:
            values[name] = FIELDS[name](lines)
        except ValueError:
            line = next((line for line in lines if _is_wrong(name, line)), lines[0])
            wrong[name] = tongue_of(request).web.wrong_line.format(line=line)
    shown = {name: "\n".join(lines) for name, lines in new.items()}
    if wrong:
        return _form(request, shown, wrong)
    changed = [name for name, read in FIELDS.items() if values[name] != read(kept[name].splitlines())]
    if not changed:
        return back("/setup/providers", "unchanged")
    site, actor = request.app[SITE], visit_of(request).actor
    try:
        change_provider(site.settings.gateway_file, spec.id, {name: values[name] for name in changed})
    except SettingsError as error:
        return _form(request, shown, {changed[0]: str(error)})
    written = _written(_wanted(request))
    for name in changed:
        before, after = (", ".join(text.splitlines()) for text in (kept[name], written[name]))
        await site.management.access.audit.note(actor, f"provider {spec.id} {name}", after, before)
    return back("/setup/providers", "saved")


def _form(request: web.Request, shown: Mapping[str, str], wrong: Mapping[str, str] | None = None) -> web.Response:
    hints = tongue_of(request).web.provider_hints
    return render(
        request,
        "provider.html",
        422 if wrong else 200,
        id=request.match_info["id"],
        path=request.path,
        shown=shown,
        hints=hints,
        long=LONG,
        wrong=wrong or {},
    )


def _wanted(request: web.Request) -> ProviderSpec:
    config, _ = read_providers(request.app[SITE])
    spec = config.providers.get(request.match_info["id"]) if config else None
    if spec is None:
        raise web.HTTPNotFound
    return spec


def _written(spec: ProviderSpec) -> dict[str, str]:
    """What `gateway.toml` says of each field, as one would type it."""
    config = spec.config
    return {
        "name": config.name,
        "models": "\n".join(config.models),
        "aliases": "\n".join(f"{name} = {model}" for name, model in config.aliases.items()),
        "prices": "\n".join(f"{pattern} = {_shown(price)}" for pattern, price in config.prices.items()),
        "limit": config.limit,
    }


def _shown(price: Price) -> str:
    parts = (price.input, price.output, price.cached)
    return " / ".join(f"{part:.9f}".rstrip("0").rstrip(".") for part in parts if part is not None)


def _lines(text: str) -> list[str]:
    lines = (" ".join(typed(line).split()) for line in text.splitlines())
    return [line for line in lines if line][:MAX_LINES]


def _is_wrong(name: str, line: str) -> bool:
    try:
        FIELDS[name]([line])
    except ValueError:
        return True
    return False


ROUTES = [
    web.get("/setup/provider/{id}", edit, name="provider"),
    web.post("/setup/provider/{id}", save, name="save_provider"),
]
