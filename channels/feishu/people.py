"""Who somebody is: their name, and the departments that they belong to, both told by one call.

A name is asked for once. Who may talk can hang on departments, so an answer about these is good for minutes only, and
where there is none they are none. They are asked for only where they matter: each question counts against the quota.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from channels.feishu.cached_lookup import MAX_REMEMBERED, CachedLookup
from channels.feishu.incoming import MAX_ID_LENGTH
from channels.feishu.rest import Rest

EVERYBODY = "0"
"""The root department, which holds all the others and so the whole organisation. It is never among those above
(https://open.feishu.cn/document/server-docs/contact-v3/department/field-overview, and .../department/parent)."""
MAX_PARENTS = "50"
"""Departments above one: the most that one page of the platform holds."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str = ""
    departments: tuple[str, ...] = ()
    """Those that they are in themselves, by open_department_id."""


class People:
    """`ttl_seconds` is for how long an answer about departments is taken for true, by the clock `now`."""

    def __init__(self, rest: Rest, ttl_seconds: float, now: Callable[[], float]) -> None:
        self._rest = rest
        self._names: LRUCache[str, str] = LRUCache(MAX_REMEMBERED)
        """By open_id, as events or answers told them; empty where the answer held none."""
        self._people = CachedLookup(self._ask_person, Person(), ttl_seconds, now)
        self._above: CachedLookup[tuple[str, ...]] = CachedLookup(self._ask_above, (), ttl_seconds, now)

    def learn(self, names: Mapping[str, str]) -> None:
        self._names.update(names)

    async def name(self, open_id: str, until: float) -> str:
        """Empty without the scope for it, or for people out of the app's reach."""
        name = self._names.get(open_id)
        return (await self._people.get(open_id, until)).name if name is None else name

    async def departments(self, open_id: str, until: float) -> tuple[str, ...]:
        """Their own, those above these from the nearest on, and the whole organisation; each by its id.

        None without the scope for it, for people out of the app's reach, or where no answer comes in time.
        """
        own = (await self._people.get(open_id, until)).departments
        above = await asyncio.gather(*(self._above.get(each, until) for each in own if each != EVERYBODY))
        found = [*own, *(id for ids in above for id in ids), EVERYBODY] if own else []
        return tuple(dict.fromkeys(found))

    async def _ask_person(self, open_id: str) -> Person:
        """The call needs contact:contact.base:readonly; the name, contact:user.base:readonly; the departments,
        contact:user.department:readonly. An app is not told the way up from a department, `department_path`
        (https://open.feishu.cn/document/server-docs/contact-v3/user/get).
        """
        params = {"user_id_type": "open_id", "department_id_type": "open_department_id"}
        user = (await self._rest.data(f"/contact/v3/users/{open_id}", params)).get("user")
        if not isinstance(user, dict):
            return Person()
        name, departments = user.get("name"), user.get("department_ids")
        name = name[:MAX_ID_LENGTH] if isinstance(name, str) else ""
        self._names[open_id] = name
        return Person(name, _ids(departments) if isinstance(departments, list) else ())

    async def _ask_above(self, department: str) -> tuple[str, ...]:
        """All that are above it but for the root, the nearest first; needs contact:contact.base:readonly, and tells
        those within the app's reach (https://open.feishu.cn/document/server-docs/contact-v3/department/parent).
        """
        params = {"department_id": department, "department_id_type": "open_department_id", "page_size": MAX_PARENTS}
        items = (await self._rest.data("/contact/v3/departments/parent", params)).get("items")
        if not isinstance(items, list):
            return ()
        return _ids([item.get("open_department_id") for item in items if isinstance(item, dict)])


def _ids(found: list[object]) -> tuple[str, ...]:
    return tuple(id for id in found if isinstance(id, str) and 0 < len(id) <= MAX_ID_LENGTH)
