"""Which tools may run in a chat: what was decided there, and what holds where nobody has decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from bridge.store import Row
from bridge.tools.tool import PERMISSIONS, Permission, Tool

MAX_RULES = 200


class ToolChoices(Struct, frozen=True, omit_defaults=True):
    """What a chat has decided, as its preferences keep it."""

    on: bool | None = None
    """Whether tools are offered; None where nobody has decided."""
    rules: Mapping[str, str] = {}
    """By ``server/tool``, or ``server/*`` for all of a server: never, ask, always. What was allowed for good stands
    with the tool's fingerprint: once it says something else of itself, it is asked about again."""

    @classmethod
    def read(cls, kept: str) -> ToolChoices:
        """Nothing decided, where it cannot be read."""
        try:
            return CHOICES.decode(kept) if kept else cls()
        except ValueError:
            return cls(on=False)

    def permission(self, tool: Tool) -> Permission:
        rule = self.rules.get(tool.key) or self.rules.get(f"{tool.server}/*") or ""
        word, _, fingerprint = rule.partition(":")
        if fingerprint and fingerprint != tool.fingerprint:
            return "ask"
        return next((each for each in PERMISSIONS if each == word), tool.permission)

    def switched(self, on: bool | None) -> Self:
        return replace(self, on=on)

    def of_tool(self, tool: Tool, permission: Permission) -> Self:
        mark = f":{tool.fingerprint}" if permission == "always" else ""
        return self._with(tool.key, f"{permission}{mark}")

    def allow(self, key: str, fingerprint: str) -> Self:
        """The tool ``server/name`` runs without a question for as long as it has this fingerprint."""
        return self._with(key, f"always:{fingerprint}")

    def of_server(self, server: str, permission: Permission) -> Self:
        rules = {key: rule for key, rule in self.rules.items() if not key.startswith(f"{server}/")}
        return replace(self, rules=rules)._with(f"{server}/*", permission)

    def _with(self, key: str, rule: str) -> Self:
        rules = {**self.rules, key: rule}
        return replace(self, rules=dict(list(rules.items())[-MAX_RULES:]))


CHOICES = Row(ToolChoices)
