"""What the rows of some objects refer to and get columns from, read once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from dq import PipelineError, ReferenceKeys, ReferenceReader, SchemaDefinition, WantedKeys, reference_rows
from etl_core.errors import RetryableError
from pipelines.lake.errors import ReferenceAwayError, ReferenceGoneError
from pipelines.transforms.enriched.enrichment import Enrichment
from pipelines.transforms.enriched.partners import Partners

_Asked = TypeVar("_Asked")
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Referred:
    """What one object's rows refer to: the keys that its definition's rules ask for, and where rows find partners."""

    keys: Mapping[WantedKeys, ReferenceKeys] = field(default_factory=dict)
    partners: tuple[Partners, ...] = ()


class ReferencesOfObjects:
    """Reads what objects refer to, each place once, however many of them name it."""

    def __init__(self, reader: ReferenceReader) -> None:
        """Read nothing yet."""
        self._reader = reader
        self._known: dict[object, object] = {}

    def of(self, definition: SchemaDefinition, enrichments: tuple[Enrichment, ...]) -> Referred:
        """Give what the rows of an object need.

        Raises:
            ReferenceGoneError: something cannot be read, or has two rows for one key; the object has to wait.
            ReferenceAwayError: it cannot be reached at present.
        """
        keys = {one.wanted: self._once(one.wanted, self._reader, one.wanted.source) for one in definition.references}
        sensitive = frozenset(field.name for field in definition.fields if field.sensitive)
        partners = tuple(
            self._once((one, not sensitive.isdisjoint(one.looked_up_by)), self._partners, one.source)
            for one in enrichments
        )
        return Referred(keys, partners)

    def _partners(self, asked: tuple[Enrichment, bool]) -> Partners:
        enrichment, hidden = asked
        rows = reference_rows(self._reader.rows, enrichment.wanted, exact=enrichment.exact)
        return Partners.of(enrichment, rows, hidden=hidden)

    def _once(self, asked: _Asked, read: Callable[[_Asked], _Read], source: str) -> _Read:
        if asked not in self._known:
            try:
                self._known[asked] = read(asked)
            except PipelineError as error:
                self._known[asked] = _named(source, error)
        found = self._known[asked]
        if isinstance(found, PipelineError):
            raise found
        return found  # type: ignore[return-value]  # what `read` gave


def _named(source: str, error: PipelineError) -> PipelineError:
    said = str(error)
    told = said if said.startswith(source) else f"{source} cannot be read: {said}"
    return ReferenceAwayError(told) if isinstance(error, RetryableError) else ReferenceGoneError(told)
