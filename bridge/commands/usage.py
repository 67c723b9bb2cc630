"""`/usage`: what a person has used, and for admins what everybody has, with a picture of the last days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from bridge.access import Role
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.subjects import code, named, plain
from bridge.types import BodyFile, Button, Chat, User
from bridge.usage import (
    CHART_DAYS,
    REST,
    Cost,
    Ledger,
    Prices,
    Report,
    Row,
    Tally,
    by_chat,
    by_model,
    by_person,
    cost_of,
    draw_bars,
    today,
    total,
)
from bridge.words import Words

MAX_MODELS, MAX_LISTED = 10, 25
"""Lines of one list; the rest is counted in a last line."""


class UsageCommand:
    def __init__(self, ledger: Ledger, prices: Prices) -> None:
        self._ledger = ledger
        self._prices = prices

    async def usage(self, context: CommandContext) -> CommandResult:
        """`/usage`; for admins also `all`, `people`, `chats`, `errors`, or the id of a person or a chat."""
        wanted, words = context.argument.strip(), context.words
        if not wanted:
            report = await Report.of_person(self._ledger, self._prices, context.sender)
            buttons = [Button(words.button_usage["all"], "/usage all")] if context.role >= Role.ADMIN else []
            return await self._shown(words.usage_own, report, buttons, words)
        if context.role < Role.ADMIN:
            return CommandResult.refusal(words.admins_only)
        views: Mapping[str, Callable[[Words], Awaitable[CommandResult]]] = {
            "all": self._all,
            "people": self._people,
            "chats": self._chats,
            "errors": self._errors,
        }
        if (view := views.get(wanted.lower())) is not None:
            return await view(words)
        subject = named(wanted, context.chat.channel)
        if isinstance(subject, User):
            report = await Report.of_person(self._ledger, self._prices, subject)
            return await self._shown(words.usage_of.format(name=code(str(subject))), report, [], words)
        if isinstance(subject, Chat):
            return await self._of_chat(subject, words)
        return CommandResult(words.usage_usage, _views(words, ""))

    async def _all(self, words: Words) -> CommandResult:
        report = await Report.of_all(self._ledger, self._prices)
        return await self._shown(words.usage_all, report, _views(words, "all"), words)

    async def _people(self, words: Words) -> CommandResult:
        return await self._listed(words.usage_people, by_person, "people", words)

    async def _chats(self, words: Words) -> CommandResult:
        return await self._listed(words.usage_chats, by_chat, "chats", words)

    async def _errors(self, words: Words) -> CommandResult:
        found = await self._ledger.errors()
        lines = [f"- {words.usage_error_kinds.get(kind, kind)}: {amount}" for kind, amount in found.items()]
        said = "\n".join([words.usage_errors, *lines]) if found else words.usage_no_errors
        return CommandResult(said, _views(words, "errors"))

    async def _of_chat(self, chat: Chat, words: Words) -> CommandResult:
        month = [row for row in await self._ledger.in_month(today()[:7]) if row.chat == str(chat)]
        day = [row for row in await self._ledger.on_day(today()) if row.chat == str(chat)]
        names = await self._ledger.names(month)
        title = words.usage_of.format(name=_name(str(chat), names, words))
        prices = await self._prices.of({row.model for row in month})
        lines = [title, *_sums(day, month, cost_of(day, prices), cost_of(month, prices), words)]
        lines += _lines(by_person(month), MAX_LISTED, lambda id: _name(id, names, words), words)
        return CommandResult("\n".join(lines) if month else words.usage_none, _views(words, ""))

    async def _listed(
        self, title: str, added: Callable[[Iterable[Row]], Mapping[str, Tally]], view: str, words: Words
    ) -> CommandResult:
        rows = await self._ledger.in_month(today()[:7])
        names = await self._ledger.names(rows)
        lines = _lines(added(rows), MAX_LISTED, lambda id: _name(id, names, words), words)
        return CommandResult("\n".join([title, *lines]) if rows else words.usage_none, _views(words, view))

    async def _shown(self, title: str, report: Report, buttons: Sequence[Button], words: Words) -> CommandResult:
        if report.is_empty:
            return CommandResult(f"{title}\n{words.usage_none}", buttons)
        lines = [title]
        lines += _sums(report.today, report.month, report.cost(report.today), report.cost(report.month), words)
        of_model = by_model(report.month)
        costs = {model: report.cost([row for row in report.month if row.model == model]) for model in of_model}
        lines += _lines(of_model, MAX_MODELS, lambda id: code(id) if id != REST else words.usage_others, words, costs)
        bars = {day: tally.tokens for day, tally in report.days.items()}
        picture = await asyncio.to_thread(draw_bars, bars)
        alt = words.usage_chart.format(days=CHART_DAYS)
        return CommandResult(
            "\n".join(lines), buttons, files=[BodyFile.of("image", "usage.png", "image/png", picture, alt)]
        )


def _views(words: Words, shown: str) -> list[Button]:
    """A button for each view of an admin's but the one that is shown."""
    return [Button(label, f"/usage {view}") for view, label in words.button_usage.items() if view != shown]


def _sums(day: Iterable[Row], month: Iterable[Row], of_day: Cost, of_month: Cost, words: Words) -> list[str]:
    return [
        f"{words.usage_today}: {usage_figures(total(day), of_day, words)}",
        f"{words.usage_month}: {usage_figures(total(month), of_month, words)}",
        "",
    ]


def _lines(
    sums: Mapping[str, Tally],
    most: int,
    name: Callable[[str], str],
    words: Words,
    costs: Mapping[str, Cost] | None = None,
) -> list[str]:
    """A line for each of `sums`, of which the rest, beyond `most`, are counted in one."""
    shown = list(sums.items())[:most]
    lines = [f"- {name(id)}: {usage_figures(tally, (costs or {}).get(id, Cost()), words)}" for id, tally in shown]
    if len(sums) > most:
        rest = sum((tally for tally in list(sums.values())[most:]), Tally())
        lines.append(f"- {words.usage_others}: {usage_figures(rest, Cost(), words)}")
    return lines


def usage_figures(tally: Tally, cost: Cost, words: Words) -> str:
    """Return turns, tokens and, where it is known, the cost, in words."""
    said = words.usage_figures.format(turns=f"{tally.turns:,}", tokens=f"{tally.tokens:,}")
    if not cost.amounts:
        return said
    money = words.usage_partly.format(cost=cost) if cost.partly else str(cost)
    return f"{said}, {money}"


def _name(id: str, names: Mapping[str, str], words: Words) -> str:
    if id == REST:
        return words.usage_others
    name = plain(names.get(id, ""))
    return f"{name} ({code(id)})" if name else code(id)
