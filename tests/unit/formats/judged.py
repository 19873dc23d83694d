"""A file's verdict, as a user gets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dq.definitions import load_definition
from dq.engine.file_results import FileVerdict
from dq.engine.profile_files import judge_sources, profile_files
from dq.engine.source_file import SourceObject
from dq.profiling.summary.summary import FileSummary
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dq.verdict.verdict import Verdict


def summarised(path: Path, definition: Mapping[str, Any] | None = None) -> FileSummary:
    store = ObjectStore()
    expected = load_definition(definition) if definition else None
    found = profile_files([SourceObject(1, store.peek(None, str(path)), expected)], store=store)[1]
    assert isinstance(found, FileSummary), found
    return found


def judged(path: Path, definition: Mapping[str, Any] | None = None) -> Verdict:
    store = ObjectStore()
    expected = load_definition(definition) if definition else None
    found = judge_sources([SourceObject(1, store.peek(None, str(path)), expected)], store=store)[1]
    assert isinstance(found, FileVerdict), found
    return found.verdict


def payload_of(verdict: Verdict) -> Any:  # noqa: ANN401 - JSON
    return json.loads(str(verdict.profile_payload))
