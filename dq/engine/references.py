"""The keys that the files of a batch refer to, read before the files are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import structlog

from dq.profiling.row_rules.reference_keys import KnownReferences, ReferenceKeys, UnreadKeys
from dq.schema.definition import SchemaDefinition, WantedKeys
from etl_core.errors import PipelineError

log = structlog.get_logger()

_THREADS = 4
#: What reads keys, or raises a PipelineError that says why it cannot.
ReadKeys: TypeAlias = Callable[[WantedKeys], ReferenceKeys]


def known_references(definitions: Iterable[SchemaDefinition | None], read_keys: ReadKeys | None) -> KnownReferences:
    """Read all keys that some definitions name, each once; keys that cannot be read say why."""
    wanted = list(
        dict.fromkeys(
            reference.wanted
            for definition in dict.fromkeys(definitions)
            if definition is not None
            for reference in definition.references
        )
    )
    if read_keys is None or not wanted:
        return {}
    with ThreadPoolExecutor(min(_THREADS, len(wanted))) as pool:
        return dict(zip(wanted, pool.map(lambda one: _read(one, read_keys), wanted), strict=True))


def _read(wanted: WantedKeys, read_keys: ReadKeys) -> ReferenceKeys | UnreadKeys:
    try:
        keys = read_keys(wanted)
    except PipelineError as error:
        reason = f"{wanted.source} cannot be read: {error}"
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the files down
        reason = f"{wanted.source} cannot be read: {type(error).__name__}"
    else:
        log.info("reference read", source=wanted.source, keys=len(keys))
        return keys
    log.warning("reference not read", source=wanted.source, reason=reason)
    return UnreadKeys(reason)
