"""What the flow is put together from: the outside world, behind its doors."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from dq.batch.metrics import BatchMetrics
from dq.batch.outages import BucketEvidence
from dq.events.key_layout import KeyLayouts
from dq.schema.definition import ScoringMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from dq.events.run_window import WindowSource
    from dq.ledger.inbox import Inbox
    from dq.reporting.reporting import ReportingStore
    from etl_core.audit.account import Account
    from etl_core.errors import PipelineError
    from etl_core.objects.store import ObjectStore

    #: The engine: all objects of a batch in one call, a verdict or an error for each, by id.
    JudgeFiles: TypeAlias = Callable[[Sequence[Source]], Mapping[int, FileVerdict | PipelineError]]


@dataclass(frozen=True, slots=True)
class Doors:
    """What the flow is put together from.

    `clock` gives the aware present, `chance` a number from 0 to 1, `rest` waits so many seconds. `allowed_buckets`
    empty: every bucket is accepted. `bucket_agencies`: of these buckets, files of these agencies alone.
    `process_inactive_files`: whatever `is_active` says. `scoring_mode` is that of definitions that name none.
    `keep_profiles`: the profile of every run is kept in the ledger, to be merged with others; `states_at_once` are the
    bytes of them that are held at a time, about. `account` writes lines of the audit, None where no job is under way.
    `metrics` count what becomes of the objects, `evidence` is what was seen of their buckets.
    """

    database: Engine
    inbox: Inbox
    reporting: ReportingStore
    objects: ObjectStore
    judge: JudgeFiles
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    layouts: KeyLayouts = field(default_factory=KeyLayouts)
    run_window: WindowSource = "last_modified"
    allowed_buckets: frozenset[str] = frozenset()
    bucket_agencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    auto_create_files: bool = False
    process_inactive_files: bool = True
    rest: Callable[[float], object] = time.sleep
    scoring_mode: ScoringMode = ScoringMode.PROPORTIONAL
    keep_profiles: bool = True
    states_at_once: int = 256 * 1024 * 1024
    account: Account | None = None
    metrics: BatchMetrics = field(default_factory=BatchMetrics)
    evidence: BucketEvidence = field(default_factory=BucketEvidence)

    def accepts(self, bucket: str) -> bool:
        """Whether objects of this bucket are ours."""
        return not self.allowed_buckets or bucket in self.allowed_buckets

    def may_come_from(self, bucket: str, agency: str) -> bool:
        """Whether the bucket may have files of this agency."""
        allowed = self.bucket_agencies.get(bucket)
        return allowed is None or any(fnmatchcase(agency, _literal_but_stars(one)) for one in allowed)


def _literal_but_stars(text: str) -> str:
    """A pattern in which nothing but a star stands for something else."""
    return text.replace("[", "[[]").replace("?", "[?]")
