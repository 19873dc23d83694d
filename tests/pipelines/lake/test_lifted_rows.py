"""Rows become those of the lake by what their file says and by what the definition says, whatever the format."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from dq import FieldDefinition, FieldType
from dq.definitions import load_definition
from dq.formats.limits import Limits
from dq.silver_due import DueObject
from etl_core.errors import PipelineError
from pipelines.lake.errors import FrozenSchemaError, UnfitColumnError
from pipelines.lake.lifting.lifted_rows import LiftedBatch, LiftedRows
from pipelines.lake.lifting.plan_objects import PlannedObject, plan_objects
from pipelines.lake.lifting.references import Referred
from pipelines.lake.lifting.silver_plan import read_silver_plan
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.table_schema import new_schema
from pipelines.transforms.enriched.enrichment import Enrichment, TakenColumn
from pipelines.transforms.enriched.partners import Partners
from pipelines.transforms.normalized_definition import normalized_definition
from tests.engine.faulty_store import FaultyStore
from tests.pipelines.lake.lake_tables import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIELDS = {"cents": "number", "whole": "integer", "exact": "decimal", "zip": "string", "phone": "string", "day": "date"}
NORMALIZE = {
    "cents": {"scale": 0.01}, "whole": {"scale": 0.1}, "exact": {"scale": 0.001}, "zip": {"pad": [5, "0"]},
    "phone": {"phone": "US"}, "day": {"date": "%Y%m%d"},
}  # fmt: skip
#: As a CSV has them.
TEXTS = [
    {"cents": "1234", "whole": "120", "exact": "1", "zip": "501", "phone": "4155552671", "day": "20260131"},
    {"cents": "2.5", "whole": "125", "exact": "12", "zip": "12345", "phone": "5", "day": "20261331"},
    {"cents": "", "whole": "", "exact": "", "zip": "", "phone": "", "day": ""},
]


def planned(path: Path, definition: Mapping[str, Any], *partners: Partners) -> PlannedObject:
    known = load_definition(definition)
    due = DueObject(7, None, str(path), None, None, "tenant-a", "trips", DAY, 3, 100, True, None)  # type: ignore[arg-type]  # noqa: FBT003 - a verdict
    plan = read_silver_plan(known, "trips")
    meant = normalized_definition(known, plan.columns)
    (found,) = plan_objects([(due, meant, plan, Referred(partners=partners))], FaultyStore(), Limits())
    assert not isinstance(found, PipelineError), found
    return found


def lifted(path: Path, definition: Mapping[str, Any], *partners: Partners) -> LiftedBatch:
    one = planned(path, definition, *partners)
    wanted = one.wanted
    (rows,) = wanted.rows.found(wanted.definition, wanted.prepare, typed=True)
    how = one.how
    assert isinstance(how, LiftedRows)
    return how.lifted(rows)


def told(batch: LiftedBatch) -> tuple[list[dict[str, Any]], list[list[tuple[str, str]]], int]:
    """The rows of silver without their lines, the rules and columns of what is in quarantine, and what was healed."""
    rows = batch.silver.to_pylist()
    findings = batch.quarantine.column("_findings").to_pylist()
    plain = [{name: cell for name, cell in row.items() if name in FIELDS} for row in rows]
    return plain, [[(one["rule"], one["column"]) for one in some] for some in findings], batch.healed


def number(text: str) -> float | int | None:
    return None if not text else int(text) if "." not in text else float(text)


def test_the_three_formats_agree_on_what_steps_make_of_numbers(tmp_path: Path) -> None:
    definition = {
        "fields": [{"name": name, "type": kind} for name, kind in FIELDS.items()], "silver": {"normalize": NORMALIZE},
    }  # fmt: skip
    csv = [",".join(FIELDS), *(",".join(row.values()) for row in TEXTS)]
    (tmp_path / "rows.csv").write_text("\n".join(csv) + "\n")
    values = [{name: number(text) for name, text in row.items()} for row in TEXTS]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, values)) + "\n")
    table = pa.table({name: pa.array([row[name] for row in values]) for name in FIELDS})
    at = table.schema.get_field_index("exact")
    table = table.set_column(at, "exact", pa.array([Decimal(1), Decimal(12), None], pa.decimal128(9, 2)))
    parquet.write_table(table, tmp_path / "rows.parquet")
    found = {path.suffix: told(lifted(path, definition)) for path in sorted(tmp_path.iterdir())}
    assert found[".jsonl"][:2] == found[".parquet"][:2] == found[".csv"][:2]
    passed, findings, _ = found[".csv"]
    assert [(row["cents"], row["whole"], str(row["exact"])[:5], row["zip"], row["phone"]) for row in passed[:1]] == [
        (12.34, 12, "0.001", "00501", "+14155552671")
    ]
    assert findings == [[("type", "whole"), ("type", "day")]]


@pytest.mark.parametrize("order", [1, -1])
def test_what_comes_of_a_cell_does_not_depend_on_the_cells_beside_it(tmp_path: Path, order: int) -> None:
    """A column of JSON that mixes types has its texts trimmed and its numbers scaled like any other."""
    rows = [{"a": "  Ada ", "n": 100}, {"a": 5, "n": "250"}, {"a": None, "n": True}, {"a": " Bo", "n": None}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows[::order])) + "\n")
    definition = {
        "fields": [{"name": "a", "type": "string"}, {"name": "n", "type": "number"}],
        "silver": {"normalize": {"a": "trim", "n": {"scale": 0.01}}},
    }
    batch = lifted(tmp_path / "rows.jsonl", definition)
    assert [(row["a"], row["n"]) for row in batch.silver.to_pylist()][::order] == [("Ada", 1.0), ("Bo", None)]
    findings = batch.quarantine.column("_findings").to_pylist()[::order]
    assert [[one["column"] for one in some] for some in findings] == [["a"], ["n"]]


def test_a_column_that_a_step_cannot_be_applied_to_holds_the_object(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"n": [True, None]}), tmp_path / "rows.parquet")
    definition = {"fields": [{"name": "n", "type": "number"}], "silver": {"normalize": {"n": {"scale": 0.01}}}}
    with pytest.raises(UnfitColumnError, match="column 'n' has values of type bool, and step 'scale'"):
        lifted(tmp_path / "rows.parquet", definition)


def test_a_date_of_a_typed_file_is_what_the_step_date_would_make_and_its_texts_become_dates(tmp_path: Path) -> None:
    definition = {
        "fields": [{"name": "a", "type": "date"}, {"name": "b", "type": "date"}],
        "silver": {"normalize": {"a": {"date": "%d.%m.%Y"}, "b": {"date": "%d.%m.%Y"}}},
    }
    parquet.write_table(pa.table({"a": pa.array([DAY]), "b": [f"{DAY:%d.%m.%Y}"]}), tmp_path / "rows.parquet")
    silver = lifted(tmp_path / "rows.parquet", definition).silver.to_pylist()
    assert [(row["a"], row["b"]) for row in silver] == [(DAY, DAY)]


def test_a_declared_column_goes_before_what_is_known_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("agency,run_hour,run_date\nFILE,99,x\n")
    definition = {
        "fields": [{"name": "agency"}, {"name": "run_hour", "type": "integer"}],
        "silver": {
            "derive": {
                "ref": {"concat": ["agency", "run_date"]},
                "band": {"band": "run_hour", "edges": [0, 50], "labels": ["low", "high"]},
            }
        },
    }
    (row,) = lifted(tmp_path / "rows.csv", definition).silver.to_pylist()
    assert (row["ref"], row["band"], row["run_date"]) == (f"FILE{DAY.isoformat()}", "high", "x")


PARTNERS = Partners.of(
    Enrichment("s3://ref/s.csv", (("st", FieldDefinition("code", FieldType.STRING)),), (TakenColumn("name", "name"),)),
    pa.table({"code": ["A"], "name": ["Alder"]}),
)


def test_columns_that_the_file_brings_undeclared_stay_beside_those_made_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("st,name,both,name [2]\nA,of the file,mine,other\n")
    silver: dict[str, Any] = {
        "enrich": {"from": "s3://ref/s.csv", "on": {"st": "code"}, "take": {"name": "name"}},
        "derive": {"both": {"concat": ["st", "name"]}},
    }
    definition: dict[str, Any] = {"fields": [{"name": "st", "type": "string"}], "silver": silver}
    batch = lifted(tmp_path / "rows.csv", definition, PARTNERS)
    (row,) = batch.silver.to_pylist()
    assert {name: row[name] for name in row if not name.startswith("_")} == {
        "st": "A", "name": "Alder", "both": "AAlder", "name [3]": "of the file", "both [2]": "mine",
        "name [2]": "other",
    }  # fmt: skip
    frozen = {**definition, "silver": {**silver, "drift": {"new_columns": "freeze"}}}
    how = planned(tmp_path / "rows.csv", frozen, PARTNERS).how
    with pytest.raises(FrozenSchemaError, match="both"):
        drift(new_schema({}), how.column_types(), "freeze", how.expected)
