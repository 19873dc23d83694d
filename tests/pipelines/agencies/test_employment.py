"""The employment history as CSV: every row, dates and nulls as the standards have them, never half a file."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from etl_core.objects.failures import ObjectConflictError
from etl_core.objects.transfers import parts, uploading
from pipelines.agencies.employment.employment_csv import write_csv
from pipelines.agencies.employment.employment_history import EmploymentHistoryConfig, EmploymentHistoryProcessor
from pipelines.agencies.errors import AgencyQueryError
from pipelines.agencies.source.repositories import EmploymentHistoryRepository, Queries, Rows
from tests.pipelines.agencies.documents_world import NOON, DocumentsWorld, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ADA: dict[str, Any] = {
    "employee_id": 1,
    "badge_no": "007",
    "first_name": "Ada",
    "last_name": 'O\'Neill, Jr. "Al"',
    "rank": "=1+1",
    "start_date": "2020-01-31",
}


def _key(world: DocumentsWorld) -> str:
    return f"agency/{world.agency.slug}/files/employment-history/2026-01-04/12/employment_history.csv"


def test_rows_are_written_as_they_are_and_what_looks_like_a_formula_is_guarded(world: DocumentsWorld) -> None:
    world.employ({"employee_id": 2, "first_name": "Zoë\nMay"}, _ADA)
    outcome = world.run(parts=("employment",))
    assert outcome.export is not None
    assert (outcome.export.status, outcome.export.rows) == ("written", 2)
    assert outcome.export.destination == f"s3://{world.destination}/{_key(world)}"
    assert world.there()[_key(world)].decode() == (
        "employee_id,badge_no,first_name,last_name,rank,unit,start_date,end_date,status\r\n"
        '1,007,Ada,"O\'Neill, Jr. ""Al""",\'=1+1,,2020-01-31,,\r\n'
        '2,,"Zoë\nMay",,,,,,\r\n'
    )
    world.run(parts=("employment",), raw=True)
    assert ",=1+1," in world.there()[_key(world)].decode(), "the same hour's export is replaced"


@pytest.mark.parametrize("day", ["0044-03-15 BC", "infinity", "-infinity", "10000-01-01", "0001-01-01", "9999-12-31"])
def test_a_date_that_python_does_not_have_is_written_as_the_database_writes_it(world: DocumentsWorld, day: str) -> None:
    world.employ({"employee_id": 1, "start_date": day})
    world.run(parts=("employment",), raw=True)
    assert world.there()[_key(world)].decode().splitlines()[1] == f"1,,,,,,{day},,"


def test_the_same_content_is_not_uploaded_again_and_sensitive_columns_stay_at_home(world: DocumentsWorld) -> None:
    world.employ(_ADA)
    hidden: dict[str, Any] = {"parts": ("employment",), "leave_out": ("LAST_NAME", "ssn")}
    first = world.run(**hidden).export
    seen, done = counted(world.store.s3)
    second = world.run(**hidden).export
    done()
    assert first is not None
    assert second is not None
    assert (first.status, second.status, seen) == ("written", "unchanged", ["HeadObject"])
    assert first.left_out == ("last_name",)
    assert "Neill" not in world.there()[_key(world)].decode()
    world.employ({"employee_id": 2})
    third = world.run(**hidden).export
    assert third is not None
    assert (third.status, third.rows) == ("written", 2)


def _written(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[list[str]]:
    with closing(io.StringIO(newline="")) as file:
        write_csv(Rows(tuple(columns), iter(rows)), file)
        return list(csv.reader(io.StringIO(file.getvalue(), newline="")))


def test_every_kind_of_value_of_a_database_has_one_text() -> None:
    moment = datetime(2026, 1, 4, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    row: tuple[Any, ...] = (None, True, -5, Decimal("-1.50"), 1.5, "-5", "\t=", "", date(2026, 1, 4), moment)
    row += (time(1, 2), b"\x00\xff", UUID(int=1), ["a", 1], {"b": None})
    names = [f"c{number}" for number in range(len(row))]
    header, values = _written(names, [row])
    assert header == names
    assert values == [
        *("", "true", "-5", "-1.50", "1.5", "'-5", "'\t=", "", "2026-01-04", "2026-01-04T12:00:00.000005+02:00"),
        *("01:02:00", "00ff", "00000000-0000-0000-0000-000000000001", '["a", 1]', '{"b": null}'),
    ]


def test_a_large_export_goes_up_in_parts_and_is_seen_whole_or_not_at_all(
    world: DocumentsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure before the last part leaves what was there; somebody else's write in between is not overwritten."""
    processor = EmploymentHistoryProcessor(EmploymentHistoryConfig(world.agency, world.destination, NOON), world.store)
    rows = [(number, "x" * 1000) for number in range(9_000)]

    def export(rows: list[tuple[int, str]]) -> str:
        return processor.process(Rows(("id", "text"), iter(rows))).status

    with monkeypatch.context() as patched:
        patched.setattr(uploading, "_bodies", _failing(uploading._bodies))
        with pytest.raises(KeyboardInterrupt):
            export(rows)
    assert world.there() == {}
    assert not world.s3.list_multipart_uploads(Bucket=world.destination).get("Uploads")
    assert export(rows) == "written"
    assert export(rows) == "unchanged"
    assert len(world.there()[_key(world)].splitlines()) == 9_001
    world.s3.delete_object(Bucket=world.destination, Key=_key(world))
    real = parts.upload_of

    def meanwhile(*arguments: Any) -> Any:  # noqa: ANN401 - as there
        world.s3.put_object(Bucket=world.destination, Key=_key(world), Body=b"theirs")
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(uploading, "upload_of", meanwhile)
        with pytest.raises(ObjectConflictError, match="somebody else wrote it meanwhile"):
            export(rows)
    assert world.there()[_key(world)] == b"theirs"


def _failing(bodies: Any) -> Any:  # noqa: ANN401 - a function of the module
    def some(*arguments: Any) -> Any:  # noqa: ANN401 - as there
        yield next(bodies(*arguments))
        raise KeyboardInterrupt

    return some


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nothing FROM nowhere", "the database does not take it"),
        ("SELECT 1 AS a, 2 AS a WHERE 1 = :agency_id OR true", "it gives a twice"),
        ("", "it is empty"),
        ("DELETE FROM documents.employment_history RETURNING 1", "the database does not take it"),
        ("SELECT 1 / 0 AS a", "division by zero"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_query_that_cannot_be_used_is_named_by_its_file(
    query: str | None, said: str, world: DocumentsWorld, tmp_path: Path
) -> None:
    if query is not None:
        (tmp_path / "employment_history.sql").write_text(query)
    repository = EmploymentHistoryRepository(world.database, Queries(tmp_path))
    with pytest.raises(AgencyQueryError, match=said) as raised, repository.employment_history(1) as found:
        list(found.rows)
    assert "employment_history.sql" in str(raised.value)


def test_an_owner_whose_tables_are_others_brings_queries_of_his_own(world: DocumentsWorld, tmp_path: Path) -> None:
    """Columns nobody knows become metadata; an attachment that comes twice, or without what it needs, is refused."""
    query = "SELECT 'x/' || :agency_id AS attachment_id, 'a.pdf' AS source_key, 'a' AS file_name, 7 AS pages"
    (tmp_path / "attachments.sql").write_text(query)
    queries = Queries(tmp_path)
    world.put("a.pdf")
    doors = world.doors()
    own = replace(doors, attachments=replace(doors.attachments, queries=queries))
    assert dict(world.run(own, parts=("attachments",)).statuses) == {"copied": 1}
    (one,) = world.results
    assert dict(one.attachment.metadata) == {"pages": 7}
    assert one.destination_key == f"agency/{world.agency.slug}/attachments/x%2F{world.agency.id}/a"
    for wrong, said in (
        (f"{query} UNION ALL {query}", "gives attachment x/.* more than once"),
        (
            query.replace("'x/' || :agency_id", "CAST(NULL AS text)") + " WHERE :agency_id > 0",
            "without an attachment_id",
        ),
        (query.replace("source_key", "key"), "it gives no column source_key"),
    ):
        (tmp_path / "attachments.sql").write_text(wrong)
        with pytest.raises(AgencyQueryError, match=said):
            world.run(own, parts=("attachments",))
