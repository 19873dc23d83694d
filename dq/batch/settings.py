"""What the environment says about which objects get a verdict, and in which run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator

from dq.events.admission import is_bucket_name
from dq.events.key_layout import DEFAULT_TEMPLATE, KeyLayouts
from etl_core.settings import Comma, Lower, RoomSettings, setting


def _layouts(templates: tuple[str, ...]) -> tuple[str, ...]:
    KeyLayouts(templates)
    return templates


def _buckets(names: tuple[str, ...]) -> tuple[str, ...]:
    if EVERY_BUCKET in names and len(names) > 1:
        raise ValueError(f"{EVERY_BUCKET} says every bucket, and others are named beside it")
    wrong = [name for name in names if name != EVERY_BUCKET and not is_bucket_name(name)]
    if wrong:
        raise ValueError(f"no bucket can be called {', '.join(map(repr, wrong))}")
    return names


def _agencies(rules: tuple[str, ...]) -> tuple[str, ...]:
    agencies_of_buckets(rules)
    return rules


def agencies_of_buckets(rules: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Which agencies' files may come from which bucket; a bucket without a rule may have those of all.

    Args:
        rules: each a bucket, an equals sign and slugs separated by blanks; a star in a slug stands for any characters.

    Raises:
        ValueError: one of them is no rule, or a bucket has two.
    """
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        bucket, equals, slugs = (part.strip() for part in rule.partition("="))
        names = tuple(slugs.split())
        if not bucket or not equals or not names:
            raise ValueError(f"{rule!r} is no rule")
        if not is_bucket_name(bucket):
            raise ValueError(f"no bucket can be called {bucket!r}")
        if bucket in found:
            raise ValueError(f"{bucket!r} has two rules")
        found[bucket] = names
    return found


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
    bucket_agencies: Annotated[tuple[str, ...], Comma, AfterValidator(_agencies)] = setting(
        "Which agencies' files may come from a bucket: the key alone names the agency, and whoever may write to a "
        "bucket chooses the key. Objects of others end as `ignored`; a bucket without a rule may have all",
        "rules such as landing-a=tenant-a tenant-b, comma-separated; a star stands for any characters",
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
