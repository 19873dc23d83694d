"""The settings of the product, read once at the edge from the environment and `.env`.

A variable of the environment wins over the file; an empty one counts as unset. `python -m
dq.settings` prints the configuration table of the README.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from dq.events.key_layout import DEFAULT_TEMPLATE, KeyLayouts
from etl_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DATABASE_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")


def _split(value: object) -> object:
    """Items of a comma-separated text, without white space around them and without empty ones."""
    if not isinstance(value, str):
        return value
    return tuple(item for item in (part.strip() for part in value.split(",")) if item)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _database_url(value: SecretStr) -> SecretStr:
    """A Postgres URL, kept secret; no message repeats any part of it."""
    try:
        parts = urlsplit(value.get_secret_value())
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError(
            "host or port cannot be read; percent-encode special characters of user name and password"
        ) from None
    if parts.scheme not in _DATABASE_SCHEMES:
        raise ValueError("it does not start with postgresql://")
    if not parts.path.strip("/"):
        raise ValueError("the name of the database is missing after the host")
    return value


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


def _layouts(templates: tuple[str, ...]) -> tuple[str, ...]:
    KeyLayouts(templates)
    return templates


Comma = BeforeValidator(_split)
HttpUrl = Annotated[str, AfterValidator(_http_url)]


def _setting(description: str, forms: str, *, default: object = None) -> Any:  # noqa: ANN401  # as pydantic's own Field
    """Describe one variable: its default, what it is for, and its allowed forms (used in messages and docs)."""
    return Field(default, description=description, json_schema_extra={"forms": forms})


class Settings(BaseSettings):
    """Everything the environment decides. Field `run_window` is variable RUN_WINDOW, and so on."""

    model_config = SettingsConfigDict(
        alias_generator=str.upper,
        populate_by_name=True,
        case_sensitive=True,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = _setting(
        "Postgres with the `reporting` tables. Unset: an embedded one under `./.data`",
        "postgresql://user:password@host:5432/database",
    )
    s3_endpoint: HttpUrl | None = _setting(
        "Address of the S3 service when it is not AWS", "http://host:port or https://host"
    )
    s3_region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = _setting(
        "Region of the buckets and the queue", "a region's name such as eu-west-1"
    )
    s3_access_key: SecretStr | None = _setting(
        "Key pair for S3 and SQS. Unset: the AWS default chain (profile, role, IRSA)", "both keys or neither"
    )
    s3_secret_key: SecretStr | None = _setting("Second half of the key pair", "both keys or neither")
    poll_queue_url: HttpUrl | None = _setting(
        "Queue that announces new objects. Unset: only the inbox is worked off",
        "the queue's URL such as https://sqs.eu-west-1.amazonaws.com/123456789012/landing",
    )
    sqs_endpoint: HttpUrl | None = _setting(
        "Address of the queue service when it is not AWS", "http://host:port or https://host"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = _setting(
        "Least important line that is logged", "DEBUG, INFO, WARNING or ERROR", default="INFO"
    )
    allowed_buckets: Annotated[tuple[str, ...], NoDecode, Comma] = _setting(
        "Buckets whose objects are accepted; objects of others end as `ignored`. Empty: every bucket",
        "bucket names, comma-separated",
        default=(),
    )
    auto_create_files: bool = _setting(
        "Whether a file nobody configured gets a placeholder row; otherwise it ends as `unconfigured`",
        "true or false",
        default=False,
    )
    run_window: Annotated[Literal["last_modified", "key"], BeforeValidator(_lower)] = _setting(
        "Where a run's date and hour come from", "last_modified or key", default="last_modified"
    )
    key_layouts: Annotated[tuple[str, ...], NoDecode, Comma, AfterValidator(_layouts)] = _setting(
        "Templates of object keys, first match wins",
        "comma-separated templates with {agency_slug}, {file_name}, {run_date}, {run_hour}, {object}",
        default=(DEFAULT_TEMPLATE,),
    )
    max_files_per_batch: Annotated[int, Field(ge=1, le=100_000)] = _setting(
        "Most objects that one batch takes on", "a whole number from 1 to 100000", default=1000
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] = _setting(
        "How often an object is tried before it ends as `dead`", "a whole number from 1 to 100", default=5
    )
    score_aggregate: Annotated[Literal["latest", "rolling"], BeforeValidator(_lower)] = _setting(
        "What `latest_data_quality_score` holds: the newest window's score or the mean of recent ones",
        "latest or rolling",
        default="latest",
    )
    keep_profiles: bool = _setting(
        "Whether the ledger keeps every run's profile in a form that merges, about 50 kB to some MB each, "
        "for `profile_of`",
        "true or false",
        default=True,
    )
    reader: Annotated[Literal["auto", "spark", "direct"], BeforeValidator(_lower)] = _setting(
        "How files are read: Spark's readers, byte ranges, or what suits the file",
        "auto, spark or direct",
        default="auto",
    )

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Settings:
        if (self.s3_access_key is None) != (self.s3_secret_key is None):
            present, missing = (
                ("S3_ACCESS_KEY", "S3_SECRET_KEY") if self.s3_secret_key is None else ("S3_SECRET_KEY", "S3_ACCESS_KEY")
            )
            raise ValueError(f"{missing}: missing although {present} is set; allowed: both keys or neither")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file; there is no third place."""
        del settings_cls, file_secret_settings
        return init_settings, env_settings, dotenv_settings

    def secrets(self) -> tuple[str, ...]:
        """The texts that may appear nowhere: what the log's last filter looks for."""
        found = [self.database_url, self.s3_access_key, self.s3_secret_key]
        texts = [secret.get_secret_value() for secret in found if secret is not None]
        password = urlsplit(texts[0]).password if self.database_url is not None else None
        return tuple([*texts, password] if password else texts)


def read_settings(env_file: Path | None = Path(".env"), **overrides: object) -> Settings:
    """The settings of this process.

    Args:
        env_file: file of `NAME=value` lines; it need not exist. None reads the environment only.
        overrides: values by field name, e.g. from the command line; they win.

    Raises:
        SettingsError: lists every wrong variable with its problem and the allowed forms. Values
            of secrets are not repeated.
    """
    try:
        return Settings(_env_file=env_file, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("settings", [_problem(item) for item in error.errors()]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError("settings", [f"{env_file} cannot be read: {reason}"]) from None


def _problem(item: Mapping[str, Any]) -> str:
    """One validation error as: variable, problem, allowed forms."""
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:
        return message
    name = str(item["loc"][0]).upper()
    field = Settings.model_fields[name.lower()]
    extra = field.json_schema_extra
    forms = extra["forms"] if isinstance(extra, dict) else ""
    kept_back = "SecretStr" in str(field.annotation) or isinstance(item["input"], tuple) or "@" in str(item["input"])
    found = "" if kept_back else f"{_shown(item['input'])}: "
    return f"{name}: {found}{message[:1].lower()}{message[1:]}; allowed: {forms}"


def _shown(value: object) -> str:
    """A wrong value as it may be printed: quoted, control characters escaped, cut short."""
    text = repr(value)
    longest = 80
    return text if len(text) <= longest else f"{text[:longest]}..."


def configuration_table() -> Sequence[str]:
    """The lines of the README's configuration table."""
    lines = ["| variable | what | allowed | default |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        forms = extra["forms"] if isinstance(extra, dict) else ""
        lines.append(f"| `{name.upper()}` | {field.description} | {forms} | {_default(field.default)} |")
    return lines


def _default(value: object) -> str:
    if value is None or value == ():
        return "unset"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


if __name__ == "__main__":
    print("\n".join(configuration_table()))  # noqa: T201  # this is what the module is run for
