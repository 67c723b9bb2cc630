"""The organisation: people, the departments that they are in, and the departments above these."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.emulators.feishu.rules import Fault
from tests.emulators.feishu.tenant import ROOT, Tenant


class Contact:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[tuple[str, str, str, Any]]:
        return [
            ("GET", "/contact/v3/departments/parent", "parents", self.parents),
            ("GET", "/contact/v3/users/{user}", "user", self.user),
        ]

    async def user(self, request: web.Request) -> dict[str, Any]:
        self._ids(request)
        id = request.match_info["user"]
        if id not in self._tenant.people:
            raise Fault(41050, "no user authority error")
        user: dict[str, Any] = {"open_id": id, "name": self._tenant.people[id]}
        if self._tenant.rules.tells_departments:
            user["department_ids"] = self._tenant.members.get(id, [ROOT])
        return {"data": {"user": user}}

    async def parents(self, request: web.Request) -> dict[str, Any]:
        """From the nearest one up; the root is none of them."""
        self._ids(request)
        department, most = request.query["department_id"], int(request.query.get("page_size", "20"))
        if most > 50:
            raise Fault(99992402, "field validation failed")
        if department not in self._tenant.departments:
            raise Fault(40004, "no dept authority error")
        found: list[dict[str, Any]] = []
        while (department := self._tenant.departments[department]) != ROOT:
            found.append({"open_department_id": department})
        return {"data": {"items": found[:most], "has_more": len(found) > most}}

    def _ids(self, request: web.Request) -> None:
        """Only ids that the platform has given itself are kept here."""
        if request.query.get("department_id_type", "open_department_id") != "open_department_id":
            raise Fault(99992402, "field validation failed")
