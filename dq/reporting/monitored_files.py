"""The monitoring configuration: which files are watched, and what a good one looks like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy
from sqlalchemy import Text, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from dq.reporting.catalogue.expected import DEFINITION, FILE, FILE_KEY
from dq.reporting.result import MonitoredFile
from dq.reporting.table_writer import TableWriter, as_sqlalchemy
from etl_core.errors import TerminalError
from etl_core.postgres.locks import lock
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from dq.reporting.catalogue.catalogue import Catalogue

#: Tables and columns of statements, whose types in SQLAlchemy do not know what they hold.
_Table: TypeAlias = Any
_Query: TypeAlias = "sqlalchemy.Select[Any]"

_OPTIONAL = ("range", "agency_id", "is_active")


class MonitoredFiles:
    """Reads rows of monitoring_file with their definitions, and adds placeholders."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Use the columns that `catalogue` has."""
        self._table = catalogue.table(FILE)
        self._writer = TableWriter(self._table, key=FILE_KEY)
        has_definitions = self._table.has("schema_definition_id")
        self._definitions = as_sqlalchemy(catalogue.table(DEFINITION)) if has_definitions else None
        self._select = self._statement()

    def find(self, connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], MonitoredFile]:
        """The files of these pairs (agency_slug, file_name), in one query; unknown pairs are absent.

        Where several rows have the same pair, the active one counts, of these the one with the smallest id.
        """
        wanted = sorted({pair for pair in pairs if all(part == storable(part) for part in pair)})
        if not wanted:
            return {}
        slugs, names = zip(*wanted, strict=True)
        found: dict[tuple[str, str], MonitoredFile] = {}
        for row in connection.execute(self._select, {"slugs": list(slugs), "names": list(names)}):
            file = MonitoredFile(
                id=row.id,
                agency_slug=row.slug,
                file_name=row.name,
                definition=_parsed(row.definition),
                definition_id=row.definition_id,
                range=row.range,
                agency_id=row.agency_id,
                is_active=row.is_active is not False,
                definition_digest=row.definition_digest,
            )
            standing = found.setdefault((file.agency_slug, file.file_name), file)
            if file.is_active and not standing.is_active:
                found[file.agency_slug, file.file_name] = file
        return found

    def definition_of(self, connection: Connection, file_id: str) -> object:
        """The definition, as it is stored, of the file whose id is written so; None where there is none."""
        if self._definitions is None:
            return None
        files, definitions = self._writer.rows, self._definitions
        joined: Any = files.join(definitions, definitions.c.id == files.c.schema_definition_id)
        query = select(definitions.c.definition).select_from(joined).where(cast(files.c.id, Text) == file_id)
        return _parsed(connection.execute(query).scalar_one_or_none())

    def create_placeholder(
        self, connection: Connection, agency_slug: str, file_name: str, s3_url: str, now: datetime
    ) -> MonitoredFile:
        """The file of this pair; made, without a definition, when there is none.

        Safe against other processes doing the same. `s3_url` is the folder of the object that was announced. Where
        the table has an agency_id, that of the agency's other files is taken.

        Raises:
            TerminalError: the names hold characters no text of Postgres can.
        """
        pair = (agency_slug, file_name)
        if any(part != storable(part) for part in pair):
            raise TerminalError(f"no file can be called {pair!r}: the database cannot store these characters")
        lock(connection, FILE, *pair)
        found = self.find(connection, [pair])
        if not found:
            values = {
                "agency_slug": agency_slug,
                "file_name": file_name,
                "s3_url": s3_url,
                "is_active": True,
                "notify_slack": False,
                "is_missing": False,
                **self._agency(connection, agency_slug),
            }
            self._writer.insert_unless_there(connection, values, now)
            found = self.find(connection, [pair])
        return found[pair]

    def _agency(self, connection: Connection, agency_slug: str) -> dict[str, Any]:
        """The agency_id the agency's other files have."""
        if not self._table.has("agency_id"):
            return {}
        rows = self._writer.rows
        statement = (
            select(rows.c.agency_id)
            .where(rows.c.agency_slug == agency_slug, rows.c.agency_id.is_not(None))
            .order_by(rows.c.id)
            .limit(1)
        )
        known = connection.execute(statement).scalar_one_or_none()
        return {} if known is None else {"agency_id": known}

    def digests_of(self, pairs: _Table) -> _Query:
        """A query: of each of `pairs` (agency_slug, file_name) that has a file, the digest of its definition."""
        pair, files = (pairs.c.agency_slug, pairs.c.file_name), self._writer.rows
        first = [files.c.is_active.is_(False)] if self._table.has("is_active") else []  # as `find` chooses
        place = func.row_number().over(partition_by=pair, order_by=[*first, files.c.id]).label("place")
        found = self._joined(pairs, *pair, digests_only=True).add_columns(place).subquery()
        return select(found.c.agency_slug, found.c.file_name, found.c.definition_digest).where(found.c.place == 1)

    def _statement(self) -> _Query:
        texts = ARRAY(Text)
        wanted = (
            func.unnest(cast(bindparam("slugs", type_=texts), texts), cast(bindparam("names", type_=texts), texts))
            .table_valued("slug", "name", name="wanted")
            .render_derived()
        )
        return self._joined(wanted, wanted.c.slug, wanted.c.name).order_by(self._writer.rows.c.id)

    def _joined(self, wanted: _Table, slug: _Table, name: _Table, *, digests_only: bool = False) -> _Query:
        """The files of the pairs in `wanted`, each with its definition."""
        files, definitions = self._writer.rows, self._definitions
        joined: Any = files.join(wanted, (files.c.agency_slug == slug) & (files.c.file_name == name))
        if definitions is None:
            definition: list[Any] = [_null("definition_id"), _null("definition")]
            digest: Any = literal("").label("definition_digest")
        else:
            joined = joined.outerjoin(definitions, definitions.c.id == files.c.schema_definition_id)
            definition = [definitions.c.id.label("definition_id"), definitions.c.definition]
            text = func.convert_to(cast(definitions.c.definition, Text), "UTF8")
            digest = func.coalesce(func.encode(func.sha256(text), "hex"), "").label("definition_digest")
        if digests_only:
            return select(slug, name, digest).select_from(joined)
        optional = [files.c[one] if self._table.has(one) else _null(one) for one in _OPTIONAL]
        return select(files.c.id, slug, name, *optional, *definition, digest).select_from(joined)


def _null(name: str) -> sqlalchemy.Label[None]:
    return sqlalchemy.null().label(name)


def _parsed(definition: object) -> object:
    """A definition kept in a text column is JSON in text; what is not stays text, for the loader to complain about."""
    if isinstance(definition, str):
        try:
            return json.loads(definition)
        except ValueError:
            return definition
    return definition
