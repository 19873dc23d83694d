"""What the environment says about which objects get a verdict, and in which run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from dq.events.key_layout import DEFAULT_TEMPLATE, KeyLayouts
from etl_core.settings import Comma, Lower, RoomSettings, setting


def _layouts(templates: tuple[str, ...]) -> tuple[str, ...]:
    KeyLayouts(templates)
    return templates


def _buckets(names: tuple[str, ...]) -> tuple[str, ...]:
    if EVERY_BUCKET in names and len(names) > 1:
        raise ValueError(f"{EVERY_BUCKET} says every bucket, and others are named beside it")
    return names


#: In ALLOWED_BUCKETS.
EVERY_BUCKET = "*"


class BatchSettings(RoomSettings):
    """From an announced object to its file and its run."""

    allowed_buckets: Annotated[tuple[str, ...], Comma, AfterValidator(_buckets)] = setting(
        "Buckets whose objects are accepted; objects of others end as `ignored`. Needed to watch a queue, for whoever"
        " may write to it names buckets; without one every bucket",
        "bucket names, comma-separated, or * for every bucket",
        default=(),
    )
    auto_create_files: bool = setting(
        "Whether a file nobody configured gets a placeholder row; otherwise it ends as `unconfigured`",
        "true or false",
        default=False,
    )
    inactive_files: Annotated[Literal["process", "ignore"], Lower] = setting(
        "What becomes of objects of a file whose `is_active` is false, as web applications create files",
        "process or ignore",
        default="process",
    )
    scoring_mode: Annotated[Literal["proportional", "by_rule", "all_or_nothing"], Lower] = setting(
        "How definitions are scored that name no mode",
        "proportional, by_rule or all_or_nothing",
        default="proportional",
    )
    run_window: Annotated[Literal["last_modified", "key"], Lower] = setting(
        "Where a run's date and hour come from", "last_modified or key", default="last_modified"
    )
    key_layouts: Annotated[tuple[str, ...], Comma, AfterValidator(_layouts)] = setting(
        "Templates of object keys, first match wins",
        "comma-separated templates with {agency_slug}, {file_name}, {run_date}, {run_hour}, {object}",
        default=(DEFAULT_TEMPLATE,),
    )
