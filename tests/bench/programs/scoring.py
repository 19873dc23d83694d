"""One file from its path to its verdict, as a job does it, with the engine passed in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.engine.source_file import SourceObject
from dq.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dq.profiling.summary.summary import FileSummary
    from etl_core.errors import PipelineError
    from etl_core.objects.store import ObjectStore


def scored(
    path: str,
    definition: Mapping[str, Any],
    store: ObjectStore,
    profile: Callable[[list[SourceObject]], Mapping[int, FileSummary | PipelineError]],
) -> dict[str, Any]:
    """Read, check and profile one local file; what is told makes sure that the work was done."""
    loaded = load_definition(dict(definition))
    summary = profile([SourceObject(0, store.peek(None, path), loaded)])[0]
    if isinstance(summary, Exception):
        raise summary
    verdict = judge(summary, plan_checks(loaded))
    return {
        "score": verdict.score,
        "rows": summary.rows_read,
        "payload_bytes": len(json.dumps(verdict.profile_payload)),
    }
