"""Our engine on the threads of one process, without a JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dq.engine.profile_files import profile_files
from etl_core.objects.store import ObjectStore
from tests.bench.contestant import serve
from tests.bench.programs.scoring import scored

if TYPE_CHECKING:
    from collections.abc import Mapping


def score(path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read, check and profile one file up to its verdict."""
    store = ObjectStore()
    return scored(path, definition, store, lambda sources: profile_files(sources, store=store))


if __name__ == "__main__":
    serve(lambda: {"score": score})
