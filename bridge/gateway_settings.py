"""The settings of several gateways: ``BRIDGE_GATEWAYS=home,work``, and a few variables for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from bridge.diagnostics import gateway_variable
from bridge.gateway_address import base_url

PREFIX = "BRIDGE_GATEWAY_"
INSIDE = "inside"
"""The name, among several, of our own gateway in this process: it needs no address."""
INSIDE_URL = "inside:"
"""In place of its address."""
MAX_GATEWAYS = 20
MAX_LABEL_CHARACTERS = 40
_NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_VARIABLE = re.compile(rf"{PREFIX}(\w+)_(URL|KEY|NAME)")


class GatewaySettings(BaseModel):
    """One gateway among several; the fields are the ends of its variables' names."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: str
    key: SecretStr = SecretStr("")
    name: str = ""
    """What people read; where it is not set, its name in `BRIDGE_GATEWAYS`."""

    @property
    def is_inside(self) -> bool:
        """Whether it is our own, in this process."""
        return self.url == INSIDE_URL

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return value if value == INSIDE_URL else base_url(value)

    @field_validator("key", mode="before")
    @classmethod
    def _key(cls, value: Any) -> Any:
        return without_scheme(value)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        name = " ".join("".join(letter for letter in value if letter.isprintable() and letter not in "*`|_[]").split())
        if len(name) > MAX_LABEL_CHARACTERS:
            raise ValueError(f"it may have {MAX_LABEL_CHARACTERS} characters")
        return name


class NamedGatewaysSource(PydanticBaseSettingsSource):
    """Gives the field `named_gateways` what the environment and `.env` say of each name in `BRIDGE_GATEWAYS`."""

    def __init__(self, kind: type[BaseSettings], sources: Sequence[PydanticBaseSettingsSource]) -> None:
        super().__init__(kind)
        self._sources = sources

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        if "named_gateways" in self.current_state:
            return {}  # given as an argument, which has the last word
        written: dict[str, str] = {}
        for source in reversed(self._sources):  # the first has the last word
            if isinstance(source, EnvSettingsSource):
                written |= {name.upper(): value for name, value in source.env_vars.items() if value}
        names = [name for name in names_of(self.current_state.get("gateways", "")) if _NAME.fullmatch(name)]
        return {"named_gateways": {name: _fields(name, written) for name in names}} if names else {}


def _fields(name: str, written: Mapping[str, str]) -> dict[str, str]:
    fields = {field: written.get(gateway_variable(name, field), "") for field in GatewaySettings.model_fields}
    if name == INSIDE and not fields["url"]:
        fields["url"] = INSIDE_URL
    return {field: value for field, value in fields.items() if value}


def names_of(value: object) -> list[str]:
    """The names in `BRIDGE_GATEWAYS`, as people write them or as read."""
    if isinstance(value, str):
        value = value.replace("\n", ",").replace("，", ",").split(",")
    return [str(name).strip().lower() for name in value if str(name).strip()] if isinstance(value, Iterable) else []


def checked_names(value: object) -> tuple[str, ...]:
    """The same. Raises ValueError where one of them cannot be a name, or stands there twice."""
    names = names_of(value)
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be a gateway's name; write letters and digits, such as home,work")
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"{twice!r} stands there twice")
    if len(names) > MAX_GATEWAYS:
        raise ValueError(f"there may be {MAX_GATEWAYS} gateways")
    if len({gateway_variable(name, "url") for name in names}) < len(names):
        raise ValueError("two names differ only in - and _, so that their variables would be the same")
    return tuple(names)


def variables_of(gateways: Iterable[str]) -> set[str]:
    """All of them, for gateways of these names."""
    return {gateway_variable(gateway, field) for gateway in gateways for field in GatewaySettings.model_fields}


def unnamed(variable: str) -> str:
    """A sentence about a variable of a gateway that `BRIDGE_GATEWAYS` does not name; empty where it is no such one."""
    found = _VARIABLE.fullmatch(variable.upper())
    return f"{variable} is not used: BRIDGE_GATEWAYS does not name {found[1].lower()}." if found else ""


def without_scheme(value: Any) -> Any:
    """A key without what stands before it in a header: people paste the whole header."""
    return value.strip().removeprefix("Bearer ").strip() if isinstance(value, str) else value
