"""How large the measured files are: the full ones of the published table, or smaller ones for a look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Rows of each file, the number of small objects, and how often each work is repeated."""

    trips: int = 5_000_000
    json_lines: int = 1_000_000
    wide: int = 60_000
    wide_columns: int = 200
    objects: int = 1_000
    object_rows: int = 500
    small_file: int = 7_000  # about 1 MB
    findings: int = 500_000
    gzip: int = 10_000_000
    inbox: int = 1_000_000
    records: int = 1_000_000
    record_seconds: int = 60
    etl_users: int = 2_000_000  # with five orders each
    attachments: int = 5_000
    employment_rows: int = 1_000_000
    api_records: int = 1_000_000
    latency: int = 100
    citizens: int = 600_000
    citizens_months: int = 60
    citizens_each: int = 20_000
    citizens_peer: bool = True  # its packages are fetched
    deequ: int = 500_000
    rounds: int = 5
    few_rounds: int = 3  # of what takes long or starts whole processes
    warm: int = 1  # rounds before those that count


FULL = Sizes()
QUICK = Sizes(
    trips=1_000_000,
    json_lines=200_000,
    wide=20_000,
    objects=200,
    findings=100_000,
    gzip=1_000_000,
    inbox=100_000,
    records=200_000,
    record_seconds=20,
    etl_users=200_000,
    attachments=1_000,
    employment_rows=200_000,
    api_records=200_000,
    latency=20,
    citizens=60_000,
    citizens_months=12,
    citizens_each=5_000,
    deequ=100_000,
    rounds=2,
    few_rounds=1,
)
#: Only shows that everything runs.
TINY = Sizes(
    trips=2_000,
    json_lines=2_000,
    wide=200,
    wide_columns=40,
    objects=20,
    object_rows=20,
    small_file=200,
    findings=2_000,
    gzip=2_000,
    inbox=2_000,
    records=2_000,
    record_seconds=2,
    etl_users=300,
    attachments=20,
    employment_rows=300,
    api_records=2_500,
    latency=3,
    citizens=300,
    citizens_months=5,
    citizens_each=100,
    citizens_peer=False,
    deequ=0,
    rounds=1,
    few_rounds=1,
    warm=0,
)
