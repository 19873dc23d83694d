"""Settings: each room declares its own variables, and all rooms are read together, once, at the edge.

A room's settings are a class below `RoomSettings` in its `settings.py`: field `run_window` is variable RUN_WINDOW, and
so on. `read_rooms` reads any number of them from the environment and `.env` and lists the problems of all in one
message. A variable of the environment wins over the file; an empty one counts as unset.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from etl_core.errors import SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_LONGEST_SHOWN = 80


class RoomSettings(BaseModel):
    """What the environment decides for one room. Never changes once it was read."""

    model_config = ConfigDict(
        alias_generator=str.upper,
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    def secrets(self) -> tuple[str, ...]:
        """The texts that may appear nowhere, passwords within addresses among them."""
        kept = [value for name in type(self).model_fields if isinstance(value := getattr(self, name), SecretStr)]
        return tuple(text for secret in kept for text in _texts_of(secret.get_secret_value()))


Room = TypeVar("Room", bound=RoomSettings)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of several rooms; `settings[S3Settings]` are those of one."""

    rooms: Mapping[type[RoomSettings], RoomSettings]

    def __getitem__(self, room: type[Room]) -> Room:
        """What was read for a room.

        Raises:
            KeyError: it was not among those that were read.
        """
        found = self.rooms[room]
        if not isinstance(found, room):
            raise TypeError(f"{found!r} stands where {room.__name__} belongs")
        return found

    def secrets(self) -> tuple[str, ...]:
        """The texts of all rooms that may appear nowhere: what the log's last filter looks for."""
        return tuple(secret for room in self.rooms.values() for secret in room.secrets())


def read_rooms(
    rooms: Sequence[type[RoomSettings]], env_file: Path | None = Path(".env"), **overrides: object
) -> Settings:
    """The settings of this process.

    Args:
        rooms: whose variables to read; no two declare the same one.
        env_file: file of `NAME=value` lines; it need not exist. None reads the environment only.
        overrides: values by field name, e.g. from the command line; they win.

    Raises:
        SettingsError: lists every wrong variable of every room with its problem and the allowed forms. Values of
            secrets are not repeated.
    """
    if strangers := overrides.keys() - declared_fields(rooms).keys():
        raise TypeError(f"no room declares {', '.join(sorted(strangers))}")
    given: dict[str, object] = {name: value for name, value in _from_file(env_file).items() if value}
    given |= {name: value for name, value in os.environ.items() if value}
    given |= {name.upper(): value for name, value in overrides.items()}
    read: dict[type[RoomSettings], RoomSettings] = {}
    problems: list[str] = []
    for room in rooms:
        own = {name.upper(): given[name.upper()] for name in room.model_fields if name.upper() in given}
        try:
            read[room] = room.model_validate(own)
        except ValidationError as error:
            problems += [_problem(room, item) for item in error.errors()]
    if problems:
        raise SettingsError("settings", problems)
    return Settings(read)


def named_values(names: Iterable[str], env_file: Path | None = Path(".env")) -> dict[str, str]:
    """Read variables that a file names and no room declares, as `read_rooms` does; those that are not set are left out.

    Raises:
        SettingsError: the file cannot be read.
    """
    given = {**_from_file(env_file), **os.environ}
    return {name: value for name in names if (value := given.get(name))}


def setting(description: str, forms: str, *, default: object = None) -> Any:  # noqa: ANN401  # as pydantic's own Field
    """Describe one variable: its default, what it is for, and its allowed forms (used in messages and docs)."""
    return Field(default, description=description, json_schema_extra={"forms": forms})


def declared_fields(rooms: Sequence[type[RoomSettings]]) -> dict[str, FieldInfo]:
    """Every field of the rooms by its name, in order.

    Raises:
        TypeError: two rooms declare one variable.
    """
    fields: dict[str, FieldInfo] = {}
    for room in rooms:
        if twice := fields.keys() & room.model_fields.keys():
            raise TypeError(f"{room.__name__} declares what another room does: {', '.join(sorted(twice)).upper()}")
        fields |= room.model_fields
    return fields


def configuration_table(rooms: Sequence[type[RoomSettings]]) -> list[str]:
    """The lines of a Markdown table of all variables, as the README shows it."""
    lines = ["| variable | what | allowed | default |", "|---|---|---|---|"]
    for name, field in declared_fields(rooms).items():
        lines.append(f"| `{name.upper()}` | {field.description} | {_forms(field)} | {_default(field.default)} |")
    return lines


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(item for item in (part.strip() for part in value.split(",")) if item)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError("host or port cannot be read") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("it carries credentials; put them into S3_ACCESS_KEY and S3_SECRET_KEY")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is not an http:// or https:// address")
    return value


#: A comma-separated text becomes its items, without white space around them and without empty ones.
Comma = BeforeValidator(_split)
#: A word in any case.
Lower = BeforeValidator(_lower)
Upper = BeforeValidator(_upper)
#: An address of a service, without credentials in it.
HttpUrl = Annotated[str, AfterValidator(_http_url)]


def _from_file(env_file: Path | None) -> Mapping[str, str | None]:
    if env_file is None:
        return {}
    try:
        return dotenv_values(env_file, encoding="utf-8") if env_file.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError("settings", [f"{env_file} cannot be read: {reason}"]) from None


def _problem(room: type[RoomSettings], item: Mapping[str, Any]) -> str:
    """One validation error as: variable, problem, allowed forms."""
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:
        return message
    name = str(item["loc"][0]).upper()
    field = room.model_fields[name.lower()]
    kept_back = "SecretStr" in str(field.annotation) or isinstance(item["input"], tuple) or "@" in str(item["input"])
    found = "" if kept_back else f"{_shown(item['input'])}: "
    return f"{name}: {found}{message[:1].lower()}{message[1:]}; allowed: {_forms(field)}"


def _shown(value: object) -> str:
    """A wrong value as it may be printed: quoted, control characters escaped, cut short."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _forms(field: FieldInfo) -> object:
    extra = field.json_schema_extra
    return extra["forms"] if isinstance(extra, dict) else ""


def _default(value: object) -> str:
    if value is None or value == ():
        return "unset"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _texts_of(secret: str) -> list[str]:
    """A secret, and where it is an address the password in it, as it is written there and as it is sent."""
    try:
        password = urlsplit(secret).password
    except ValueError:
        password = None
    return [secret, *({password, unquote(password)} if password else ())]
