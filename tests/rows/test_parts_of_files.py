"""Rows of a file read in parts, each for itself, are those of the file in one piece: lines, findings and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.definitions import load_definition
from dq.errors import UnreadableFileError
from dq.formats.limits import Limits
from dq.rows.files.file_parts import PartFacts, PartOfFile
from dq.rows.files.file_rows import RowsOfFile
from dq.rows.files.key_pieces import KeyPiece, KeyRange, Repeats, repeats_among
from dq.rows.files.part_survey import (
    PartRead,
    PartSurvey,
    RowsWanted,
    misplaced,
    part_facts,
    parts_to_survey,
    survey_part,
)
from tests.reference.tables import Case, csv_tables, json_lines_tables
from tests.rows.found import Found, rows_of, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from dq.profiling.tally.row_batch import RowBatch
    from dq.schema.definition import SchemaDefinition

MANY = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
LIMITS = st.builds(Limits, split=st.sampled_from([7, 61, 300]), block=st.sampled_from([16, 1 << 20]))


def as_it_is(batch: RowBatch) -> RowBatch:
    return batch


def surveyed(wanted: RowsWanted) -> tuple[RowsOfFile, tuple[PartFacts, ...]]:
    """What each part has to know; the parts lie at right places by then, or the file is in one."""
    for _ in range(2):
        pieces: dict[KeyRange, list[KeyPiece]] = {}
        surveys, repeats = list[PartSurvey](), list[Repeats]()
        for part in parts_to_survey(wanted.rows):
            for one in survey_part(wanted, *part):
                if isinstance(one, KeyPiece):
                    pieces.setdefault(one.range, []).append(one)
                elif isinstance(one, Repeats):
                    repeats.append(one)
                else:
                    surveys.append(one)
        for met in pieces.values():
            repeats += repeats_among(reversed(met))
        facts = part_facts(wanted, reversed(surveys), repeats)
        if isinstance(facts, tuple):
            return wanted.rows, facts
        wanted = RowsWanted(facts, wanted.definition, wanted.prepare, wanted.unique)
    return wanted.rows, ()


def rows_by_parts(path: Path, definition: SchemaDefinition, limits: Limits) -> Found | None:
    """All rows, part by part; None where the parts cannot be told apart."""
    source, store = source_of(path, definition)
    rows = RowsOfFile(source, store, limits)
    for _ in range(3):
        rows, facts = surveyed(RowsWanted(rows, definition, as_it_is))
        found, read = Found([], [], [], []), []
        for one in facts:
            part = PartOfFile(rows, one)
            for some in part.found(definition, as_it_is, typed=False):
                found.lines += some.lines.to_pylist()
                found.findings += some.found.findings.to_pylist()
                found.failing += some.found.failing.tolist()
                found.malformed += some.malformed
            read.append(PartRead(one.part.number, part.began, part.ended, part.lines))
        better = misplaced(rows, facts, read)
        if better is None:
            return found if facts else None
        rows = better
    return None


def check_case(case: Case, folder: Path, limits: Limits) -> None:
    path = folder / f"table.{case.kind}"
    path.write_bytes(case.data)
    definition = load_definition(case.definition)
    try:
        whole = rows_of(path, definition)
    except UnreadableFileError:
        return
    parts = rows_by_parts(path, definition, limits)
    assert parts is None or parts == whole


def test_rows_that_nobody_looks_at_are_those_that_are_found(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b'a,b\n1,x\n2,y,z\n\n3,"u\nv"\n4,w\n')
    definition = load_definition({"format": "csv", "fields": [{"name": "a", "type": "integer"}]})
    source, store = source_of(path, definition)
    rows = RowsOfFile(source, store, Limits())
    found, unread = list(rows.found(definition)), list(rows.unread())
    assert [some.lines.to_pylist() for some in unread] == [some.lines.to_pylist() for some in found]
    assert [some.malformed for some in unread] == [some.malformed for some in found]
    assert [some.raw.columns for some in unread] == [some.raw.columns for some in found]
    assert [line for some in unread for line in some.lines.to_pylist()] == [2, 5, 7]


@given(csv_tables(), LIMITS)
@MANY
def test_csv(tmp_path: Path, case: Case, limits: Limits) -> None:
    check_case(case, tmp_path, limits)


@given(json_lines_tables(), LIMITS)
@MANY
def test_json_lines(tmp_path: Path, case: Case, limits: Limits) -> None:
    check_case(case, tmp_path, limits)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("unique", [True, False])
def test_lines_and_repeats_are_those_of_the_file_in_every_part(tmp_path: Path, ends: bytes, *, unique: bool) -> None:
    """Quoted line breaks, blank lines and repeats lie across parts."""
    records = [b"id,note", *(b'%d,"a%sb"' % (at % 37, ends) if at % 5 else b"%d,x%s" % (at, ends) for at in range(100))]
    path = tmp_path / "table.csv"
    path.write_bytes(ends.join(records) + ends)
    definition = load_definition({"fields": [{"name": "id", "type": "integer", "unique": not unique}]})
    found = rows_by_parts(path, definition, Limits(split=64))
    assert found is not None
    assert found == rows_of(path, definition)
    assert sum(found.failing) == (0 if unique else 51)


def test_a_tolerated_share_of_repeats_is_counted_over_all_parts(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"id\n" + b"".join(b"%d\n" % (at % 99) for at in range(100)))
    for threshold, failing in ((0.01, 0), (0.005, 1)):
        definition = load_definition(
            {"fields": [{"name": "id"}], "uniqueKeys": [{"columns": ["id"], "threshold": threshold}]}
        )
        found = rows_by_parts(path, definition, Limits(split=32))
        assert found is not None
        assert sum(found.failing) == failing
        assert next(findings for findings in found.findings if findings)[0]["tolerated"] is (failing == 0)
