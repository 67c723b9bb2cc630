"""Who somebody is: their name, and the departments that they belong to, both told by one call.

A name is asked for once. Who may talk can hang on departments, so an answer about these is good for minutes only, and
where there is none they are none. They are asked for only where they matter: each question counts against the quota.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from channels.feishu.answers import REMEMBERED, Answers
from channels.feishu.incoming import LONGEST_ID
from channels.feishu.rest import Rest

EVERYBODY = "0"
"""The root department, which holds all the others and so the whole organisation. It is never among those above
(https://open.feishu.cn/document/server-docs/contact-v3/department/field-overview, and .../department/parent)."""
MOST_PARENTS = "50"
"""The most that one page of the platform holds."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str = ""
    departments: tuple[str, ...] = ()
    """Those that they are in themselves, by open_department_id."""


class People:
    """`good_for` are the seconds for which an answer about departments is taken for true, by the clock `now`."""

    def __init__(self, rest: Rest, good_for: float, now: Callable[[], float]) -> None:
        self._rest = rest
        self._mentioned: OrderedDict[str, str] = OrderedDict()
        """Names that events told, by open_id."""
        self._people = Answers(self._ask_person, Person(), good_for, now)
        self._above: Answers[tuple[str, ...]] = Answers(self._ask_above, (), good_for, now)

    def learn(self, names: Mapping[str, str]) -> None:
        for id, name in names.items():
            self._mentioned[id] = name
            self._mentioned.move_to_end(id)
            if len(self._mentioned) > REMEMBERED:
                self._mentioned.popitem(last=False)

    async def name(self, open_id: str, until: float) -> str:
        """Empty without the scope for it, or for people out of the app's reach."""
        if name := self._mentioned.get(open_id):
            return name
        known = self._people.known(open_id)
        return (known or await self._people.get(open_id, until)).name

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
        return Person(
            name[:LONGEST_ID] if isinstance(name, str) else "",
            _ids(departments) if isinstance(departments, list) else (),
        )

    async def _ask_above(self, department: str) -> tuple[str, ...]:
        """All that are above it but for the root, the nearest first; needs contact:contact.base:readonly, and tells
        those within the app's reach (https://open.feishu.cn/document/server-docs/contact-v3/department/parent).
        """
        params = {"department_id": department, "department_id_type": "open_department_id", "page_size": MOST_PARENTS}
        items = (await self._rest.data("/contact/v3/departments/parent", params)).get("items")
        if not isinstance(items, list):
            return ()
        return _ids([item.get("open_department_id") for item in items if isinstance(item, dict)])


def _ids(found: list[object]) -> tuple[str, ...]:
    return tuple(id for id in found if isinstance(id, str) and 0 < len(id) <= LONGEST_ID)
