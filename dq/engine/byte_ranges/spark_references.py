"""The keys that rows refer to, sent to each of Spark's processes once, however many tasks ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from dq.profiling.row_rules.reference_keys import KeyRun, KnownReferences, ReferenceKeys, UnreadKeys
from dq.schema.definition import WantedKeys

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.core.broadcast import Broadcast
    from pyspark.sql import SparkSession

    _Sent: TypeAlias = tuple[Broadcast[KeyRun], ...] | UnreadKeys


@contextmanager
def sent_once(spark: SparkSession | None, references: KnownReferences) -> Iterator[KnownReferences]:
    """Give keys which travel with tasks as no more than a name while the block runs: Spark broadcasts them.

    Nothing is sent before a task is. Without a session, or keys, they are themselves.
    """
    if spark is None or not references:
        yield references
        return
    held = _Held(spark.sparkContext, references)
    try:
        yield held
    finally:
        held.close()


class _Held(Mapping[WantedKeys, "ReferenceKeys | UnreadKeys"]):
    """The keys in the driver."""

    def __init__(self, context: SparkContext, references: KnownReferences) -> None:
        self._context, self._references = context, references
        self._sent: dict[WantedKeys, _Sent] | None = None

    def __getitem__(self, wanted: WantedKeys) -> ReferenceKeys | UnreadKeys:
        return self._references[wanted]

    def __iter__(self) -> Iterator[WantedKeys]:
        return iter(self._references)

    def __len__(self) -> int:
        return len(self._references)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as broadcasts, one for each run of keys: whoever receives one has it in memory until it is on disk."""
        if self._sent is None:
            self._sent = {
                wanted: keys if isinstance(keys, UnreadKeys) else tuple(map(self._context.broadcast, keys.runs))
                for wanted, keys in self._references.items()
            }
        return _Arrived, (self._sent,)

    def close(self) -> None:
        """Have every process forget them."""
        for sent in (self._sent or {}).values():
            for run in () if isinstance(sent, UnreadKeys) else sent:
                run.destroy()


class _Arrived(Mapping[WantedKeys, "ReferenceKeys | UnreadKeys"]):
    """The keys in a task's process, read when they are first asked for."""

    def __init__(self, sent: Mapping[WantedKeys, _Sent]) -> None:
        self._sent = sent

    def __getitem__(self, wanted: WantedKeys) -> ReferenceKeys | UnreadKeys:
        sent = self._sent[wanted]
        return sent if isinstance(sent, UnreadKeys) else ReferenceKeys(tuple(run.value for run in sent))

    def __iter__(self) -> Iterator[WantedKeys]:
        return iter(self._sent)

    def __len__(self) -> int:
        return len(self._sent)
