"""`/audit`: the last changes of access and settings."""

from __future__ import annotations

from bridge.access import Change, Rule, is_rule
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import Management
from bridge.commands.subjects import code, moment

DEFAULT_CHANGES, MAX_CHANGES = 10, 50
NOTHING = "–"
"""Stands for a value that was not set."""


class AuditCommand:
    def __init__(self, management: Management) -> None:
        self._management = management

    async def audit(self, context: CommandContext) -> CommandResult:
        """`/audit [how many]`."""
        number = (
            int(context.argument) if context.argument.isdecimal() and len(context.argument) < 4 else DEFAULT_CHANGES
        )
        changes = await self._management.changes(min(max(number, 1), MAX_CHANGES))
        if not changes:
            return CommandResult(context.words.audit_none)
        lines = [
            f"- {moment(change.at)} {_by(change)}: {code(change.what)}: "
            f"{_shown(change, change.before)} → {_shown(change, change.after)}"
            for change in changes
        ]
        return CommandResult("\n".join([context.words.audit, *lines]))


def _by(change: Change) -> str:
    """Who, and where; a direct chat of theirs goes without saying."""
    where = f" @ {code(change.where)}" if change.where not in ("", change.by) else ""
    return f"{code(change.by)}{where}"


def _shown(change: Change, row: str) -> str:
    return code(shown(change, row)) if row else NOTHING


def shown(change: Change, row: str) -> str:
    """A row as people read it: the verdict of a rule, the text of a setting."""
    if not row:
        return NOTHING
    if not is_rule(change.what):
        return row
    rule = Rule.from_row(row)
    return f"{rule.verdict} until {moment(rule.until)}" if rule.until else rule.verdict
