"""What answers took: by day, model, person and chat, with times and errors, as bars and as a sheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from statistics import median, quantiles

from aiohttp import web

from bridge.admin.usage_sheet import cells, write_csv
from bridge.admin.web.render import render
from bridge.admin.web.site import SITE, tongue_of
from bridge.commands import usage_figures
from bridge.store import Activity
from bridge.usage import (
    CHART_DAYS,
    DETAIL_DAYS,
    REST,
    Cost,
    Ledger,
    Prices,
    Report,
    Row,
    Tally,
    last_days,
    today,
    total,
)
from bridge.words import Words

MAX_LISTED = 25
"""Rows of one list; the rest is counted in a last row."""
CHART_WIDTH, CHART_HEIGHT = 600, 120
MAX_TURNS = 300
"""Turns whose times are looked at."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a list, with a bar as long as its share of the largest."""

    id: str
    name: str
    figures: str
    percent: int


@dataclass(frozen=True, slots=True)
class DayBar:
    day: str
    tally: Tally
    x: int
    height: int


@dataclass(frozen=True, slots=True)
class Times:
    """How long the last answers of a model took, in seconds."""

    model: str
    turns: int
    first: tuple[float, float] | None
    """Median and 95th percentile of the first words; None where there were none."""
    whole: tuple[float, float]


async def show(request: web.Request) -> web.Response:
    site, words = request.app[SITE], tongue_of(request).talk
    ledger, prices = Ledger(site.store.redis), Prices(site.settings.prices, site.gateways)
    report = await Report.of_all(ledger, prices)
    month = await ledger.in_month(today()[:7])
    people, chats = _largest(month, lambda row: row.person), _largest(month, lambda row: row.chat)
    named = [Row("", "", Tally(), person) for person in people] + [Row("", "", Tally(), "", chat) for chat in chats]
    names = await ledger.names(named)
    of_model: dict[str, list[Row]] = {}
    for row in report.month:
        of_model.setdefault(row.model, []).append(row)
    models = _largest(report.month, lambda row: row.model)
    costs = {model: report.cost(rows) for model, rows in of_model.items()}
    return render(
        request,
        "usage.html",
        today=usage_figures(total(report.today), report.cost(report.today), words),
        month=usage_figures(total(report.month), report.cost(report.month), words),
        days=_days(report.days),
        most=max((tally.tokens for tally in report.days.values()), default=0),
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
        chart_days=CHART_DAYS,
        sheet_days=DETAIL_DAYS,
        lists=[
            ("models", _bars(models, {}, words, lambda id: costs.get(id, Cost()))),
            ("people", _bars(people, names, words)),
            ("chats", _bars(chats, names, words)),
        ],
        times=_times(await site.store.activity.newest(MAX_TURNS)),
        errors=await ledger.errors(),
    )


async def sheet(request: web.Request) -> web.Response:
    """The last days by person, chat and model, for a spreadsheet."""
    site = request.app[SITE]
    ledger = Ledger(site.store.redis)
    rows = [row for day in last_days(DETAIL_DAYS) for row in await ledger.on_day(day)]
    names = await ledger.names(rows)
    prices = await Prices(site.settings.prices, site.gateways).of({row.model for row in rows})
    file = io.StringIO()
    write_csv((cells(row, names, prices) for row in rows), file)
    return web.Response(
        text=file.getvalue(),
        content_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="usage.csv"'},
    )


def _days(days: Mapping[str, Tally]) -> list[DayBar]:
    most = max((tally.tokens for tally in days.values()), default=0) or 1
    step = CHART_WIDTH // max(1, len(days))
    return [
        DayBar(day, tally, number * step, round(CHART_HEIGHT * tally.tokens / most))
        for number, (day, tally) in enumerate(days.items())
    ]


def _largest(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, Tally]:
    """Add rows up by `key`, the most tokens first; all beyond `MAX_LISTED` as `REST`.

    Of ten thousand people, only those who are shown get a `Tally`: that is what makes the page quick.
    """
    tokens: dict[str, int] = {}
    for row in rows:
        tokens[key(row)] = tokens.get(key(row), 0) + row.tally.tokens
    tokens.pop(REST, None)
    sums = dict.fromkeys(nlargest(MAX_LISTED, tokens, key=tokens.__getitem__), Tally())
    turns = prompt = completion = 0
    for row in rows:
        if (name := key(row)) in sums:
            sums[name] += row.tally
        else:
            turns, prompt = turns + row.tally.turns, prompt + row.tally.prompt_tokens
            completion += row.tally.completion_tokens
    return {**sums, REST: Tally(turns, prompt, completion)} if turns or prompt or completion else sums


def _bars(
    sums: Mapping[str, Tally],
    names: Mapping[str, str],
    words: Words,
    cost: Callable[[str], Cost] = lambda _id: Cost(),
) -> list[Bar]:
    most = max((tally.tokens for tally in sums.values()), default=0) or 1
    return [
        Bar(
            "" if id == REST else id,
            words.usage_others if id == REST else names.get(id, ""),
            usage_figures(tally, cost(id), words),
            round(100 * tally.tokens / most),
        )
        for id, tally in sums.items()
    ]


def _times(activities: Iterable[Activity]) -> list[Times]:
    """By model, the one that answered most first; turns that failed do not count."""
    found: dict[str, list[Activity]] = {}
    for each in activities:
        if each.failure is None and each.model:
            found.setdefault(each.model, []).append(each)
    times = [
        Times(
            model,
            len(turns),
            _spread([each.first_text for each in turns if each.first_text]),
            _spread([each.seconds for each in turns]) or (0.0, 0.0),
        )
        for model, turns in found.items()
    ]
    return sorted(times, key=lambda each: -each.turns)


def _spread(seconds: list[float]) -> tuple[float, float] | None:
    """Median and 95th percentile."""
    if not seconds:
        return None
    if len(seconds) == 1:
        return seconds[0], seconds[0]
    return median(seconds), quantiles(seconds, n=20, method="inclusive")[-1]


ROUTES = [
    web.get("/usage", show, name="usage"),
    web.get("/usage.csv", sheet, name="sheet"),
]
