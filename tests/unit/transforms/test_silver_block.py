"""What a definition says of values and columns is read, and everything that is wrong with it is told with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from dq import FieldType, Problems, load_definition
from pipelines.transforms.derived.band import Band
from pipelines.transforms.derived.concat import Concat
from pipelines.transforms.derived_column import DerivedColumn
from pipelines.transforms.normalize import tried
from pipelines.transforms.normalized_definition import normalized_definition
from pipelines.transforms.silver_block import read_silver_columns, silver_block
from pipelines.transforms.silver_columns import SilverColumns
from pipelines.transforms.step import NormalizeStep

FIELDS = {
    **dict.fromkeys(("id", "driver", "state", "drv", "note"), FieldType.STRING),
    "fare": FieldType.DECIMAL,
    "cents": FieldType.INTEGER,
}
BLOCK = {
    "table": "trips",
    "mode": "replace_run",
    "normalize": {
        "driver": ["trim", "squeeze", "title"],
        "state": [{"map": {"Calif.": "CA"}}, "upper"],
        "cents": [{"scale": 0.01}],
        "note": "null_if_blank",
    },
    "derive": {
        "fare_band": {"band": "fare", "edges": [0, 100.5], "labels": ["low", "high"]},
        "trip_ref": {"concat": ["agency", "id"], "separator": "_"},
    },
    "rename": {"drv": "second_driver"},
    "drop": ["note"],
    "drift": {"new_columns": "evolve"},
}


def read(block: dict[str, Any], **enriched: FieldType) -> tuple[SilverColumns, Problems]:
    problems = Problems()
    return read_silver_columns(block, FIELDS, problems, enriched), problems


def test_a_block_is_read_whole() -> None:
    columns, problems = read(BLOCK)
    assert problems == Problems()
    assert columns == SilverColumns(
        normalize=(
            ("driver", (NormalizeStep("trim"), NormalizeStep("squeeze"), NormalizeStep("title"))),
            ("state", (NormalizeStep("map", (("Calif.", "CA"),)), NormalizeStep("upper"))),
            ("cents", (NormalizeStep("scale", Decimal("0.01")),)),
            ("note", (NormalizeStep("null_if_blank"),)),
        ),
        derive=(
            DerivedColumn("fare_band", "band", Band("fare", (Decimal(0), Decimal("100.5")), ("low", "high"))),
            DerivedColumn("trip_ref", "concat", Concat(("agency", "id"), "_")),
        ),
        rename=(("drv", "second_driver"),),
        drop=("note",),
    )
    assert columns.steps("driver")[0] == NormalizeStep("trim")
    assert columns.steps("id") == ()
    assert columns.arranged([*FIELDS, "second_driver"]) == (
        *((name, name) for name in ("id", "driver", "state")),
        ("drv", "second_driver"),
        *((name, name) for name in ("fare", "cents")),
        ("second_driver", "second_driver [2]"),
        ("fare_band", "fare_band"),
        ("trip_ref", "trip_ref"),
    )
    hash(columns)


def test_a_definition_hands_its_block_on_with_exact_numbers() -> None:
    text = json.dumps({"fields": [{"name": "cents"}], "silver": {"normalize": {"cents": [{"scale": 0.1}]}}})
    block = silver_block(load_definition(text))
    columns, problems = read(block)
    assert problems == Problems()
    assert columns.steps("cents") == (NormalizeStep("scale", Decimal("0.1")),)
    assert silver_block(load_definition({"fields": [{"name": "a"}]})) == {}
    assert read({}) == (SilverColumns(), Problems())


def test_what_the_step_date_leaves_is_held_against_iso() -> None:
    definition = load_definition(
        {
            "fields": [
                {"name": "day", "type": "date", "format": "%d.%m.%Y"},
                {"name": "other", "type": "date", "format": "%d.%m.%Y"},
            ],
            "silver": {"normalize": {"day": ["trim", {"date": "%d.%m.%Y"}], "other": ["trim"]}},
        }
    )
    fields = {field.name: field.type for field in definition.fields}
    columns = read_silver_columns(silver_block(definition), fields, Problems())
    after = normalized_definition(definition, columns)
    assert [field.format for field in after.fields] == [None, "%d.%m.%Y"]
    assert after.fingerprint == definition.fingerprint


@pytest.mark.parametrize("spelling", ["null_if_blank", "nullIfBlank", "NULL-IF-BLANK", " null_if_blank "])
def test_a_step_is_found_in_any_spelling(spelling: str) -> None:
    assert tried(spelling, " ") == [None]
    assert tried({spelling: True}, " ") == [None]


def test_a_column_of_the_file_goes_before_one_of_the_run() -> None:
    problems = Problems()
    said = {"derive": {"ref": {"band": "agency", "edges": [0], "labels": ["a"]}}}
    read_silver_columns(said, {"agency": FieldType.INTEGER}, problems)
    assert problems == Problems()
    read_silver_columns(said, {}, problems)
    assert problems.found == [
        'silver, derive, "ref": the column "agency" is of type string; expected integer, number or decimal'
    ]


def test_columns_that_come_from_elsewhere_may_be_derived_from_renamed_and_dropped() -> None:
    said = {
        "derive": {"ref": {"concat": ["station_name"]}},
        "rename": {"station_name": "station"},
        "drop": ["station_zone"],
    }
    columns, problems = read(said, station_name=FieldType.STRING, station_zone=FieldType.STRING)
    assert problems == Problems()
    assert columns.arranged(["id", "station_name", "station_zone"]) == (
        ("id", "id"),
        ("station_name", "station"),
        ("ref", "ref"),
    )
    assert read({"normalize": {"station_name": ["trim"]}}, station_name=FieldType.STRING)[1].found != []


def test_names_may_change_places() -> None:
    columns, problems = read({"rename": {"drv": "driver", "driver": "drv"}})
    assert problems == Problems()
    assert columns.arranged(["drv", "driver"]) == (("drv", "driver"), ("driver", "drv"))
    assert read({"rename": {"drv": "driver"}, "drop": ["driver"]})[1] == Problems()


STEPS = "trim, squeeze, null_if_blank, upper, lower, title, strip_accents, digits, pad, map, scale, unit, date, phone"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"normalize": ["trim"]}, 'silver, normalize: is a list; expected an object such as {"driver": ["trim", "title"]}'),
    ({"normalize": {"drivr": ["trim"]}}, '"drivr": is no declared field (did you mean driver?)'),
    ({"normalize": {"id": 5}}, '"id": is a number; expected a list of steps such as'),
    (
        {"normalize": {"id": ["trimm"]}},
        f'"trimm" is no step; expected one of {STEPS}, name, address (did you mean trim?)',
    ),
    ({"normalize": {"id": ["trim", 5]}}, '"id", step 2: is 5; expected the name of a step'),
    ({"normalize": {"id": [{"trim": 1, "pad": 2}]}}, "expected the name of a step, or an object of one name"),
    ({"normalize": {"id": [{"trim": 5}]}}, 'trim: takes no argument, but has 5; expected "trim"'),
    ({"normalize": {"id": ["scale"]}}, 'scale: has no argument; expected something such as {"scale": 0.01}'),
    ({"normalize": {"id": [{"scale": "x"}]}}, 'scale: is "x"; expected a number other than 0'),
    ({"normalize": {"id": [{"scale": 0}]}}, "scale: is 0; expected a number other than 0"),
    ({"normalize": {"id": [{"scale": 10**40}]}}, "of at most 30 digits"),
    ({"normalize": {"id": [{"scale": True}]}}, "scale: is true"),
    (
        {"normalize": {"id": [{"pad": 5}]}},
        'pad: is 5; expected a width of 1 to 1000 and a character, such as {"pad": [5, ',
    ),
    ({"normalize": {"id": [{"pad": [0, "0"]}]}}, 'pad: is [0, "0"]; expected a width'),
    ({"normalize": {"id": [{"pad": [5, "ab"]}]}}, 'pad: fills up with "ab"; expected one character'),
    ({"normalize": {"id": [{"map": {}}]}}, "map: is empty; expected texts and what to write for them"),
    ({"normalize": {"id": [{"map": ["a"]}]}}, "map: is a list; expected texts"),
    ({"normalize": {"id": [{"map": {"a": [1]}}]}}, 'map: writes [1] for "a"; expected a text or null'),
    ({"normalize": {"id": [{"date": 5}]}}, "date: is a number; expected a format of strptime"),
    ({"normalize": {"id": [{"date": "dd.mm.yyyy"}]}}, 'date: the format "dd.mm.yyyy" has no directive'),
    ({"normalize": {"id": [{"date": "%d.%m."}]}}, "has no year"),
    ({"normalize": {"id": [{"phone": "Germany"}]}}, 'phone: is "Germany"; expected the two letters of a country'),
    ({"normalize": {"id": [{"unit": "stone"}]}}, 'unit: is "stone"; expected one of g, mg, kg'),
    ({"normalize": {"id": [{"address": "FR"}]}}, 'address: is "FR"; expected one of US, DE'),
    ({"derive": 5}, "silver, derive: is a number; expected an object such as"),
    ({"derive": {"x": 5}}, '"x": is 5; expected {"band": "fare"'),
    ({"derive": {"x": {"band": "fare", "concat": ["id"]}}}, 'or {"concat": ["agency", "id"]'),
    ({"derive": {"x": {"band": None}}}, "band is null; expected something such as"),
    ({"derive": {"fare": {"concat": ["id"]}}}, '"fare": is a column already; expected another name'),
    ({"derive": {" ": {"concat": ["id"]}}}, "is no name"),
    ({"derive": {"_line": {"concat": ["id"]}}}, '"_line" is a column that every silver table has'),
    ({"derive": {"x": {"concat": ["idd"]}}}, '"idd" is no column that is there (did you mean id?)'),
    ({"derive": {"x": {"concat": "id"}}}, 'concat is "id"; expected a list of columns'),
    ({"derive": {"x": {"concat": ["id"], "separator": 5}}}, "separator is a number; expected a text"),
    ({"derive": {"x": {"concat": ["y"]}, "y": {"concat": ["id"]}}}, '"y" is no column that is there'),
    (
        {"derive": {"x": {"band": "driver", "edges": [0], "labels": ["a"]}}},
        '"driver" is of type string; expected integer',
    ),
    ({"derive": {"x": {"band": "fare", "labels": ["a"]}}}, "edges is not given; expected 1 to 1000 numbers"),
    (
        {"derive": {"x": {"band": "fare", "edges": [0, "1"], "labels": ["a", "b"]}}},
        'edges is [0, "1"]; expected 1 to 1000',
    ),
    ({"derive": {"x": {"band": "fare", "edges": [1, 1], "labels": ["a", "b"]}}}, "expected numbers that ascend"),
    ({"derive": {"x": {"band": "fare", "edges": [0, 1], "labels": ["a"]}}}, "there are 2 edges and 1 labels"),
    ({"derive": {"x": {"band": "fare", "edges": [0]}}}, "labels is not given; expected a list of texts"),
    ({"rename": ["a"]}, 'silver, rename: is a list; expected an object such as {"drv": "driver"}'),
    ({"rename": {"drv": 5}}, '"drv" becomes 5; expected a name'),
    ({"rename": {"drv": " "}}, '"drv" becomes " "; expected a name'),
    ({"rename": {"x": "y"}}, '"x" is no declared field'),
    ({"rename": {"drv": "driver"}}, '"drv" becomes "driver", which is the name of another column'),
    ({"rename": {"drv": "z", "id": "z"}}, '"id" and "drv" becomes "z", which is the name of another column'),
    ({"rename": {"drv": "x"}, "derive": {"x": {"concat": ["id"]}}}, '"drv" becomes "x", which is the name of another'),
    (
        {"rename": {"x": "y"}, "derive": {"x": {"concat": ["id"]}}},
        '"x" is derived; name it under derive as it shall be',
    ),
    ({"rename": {"drv": "_run_date"}}, '"_run_date" is a column that every silver table has; expected another name'),
    ({"drop": {"id": 1}}, "silver, drop: is {"),
    ({"drop": ["nota"]}, 'silver, drop: "nota" is no declared field (did you mean note?)'),
    ({"drop": ["drv"], "rename": {"drv": "x"}}, '"drv" is renamed as well; expected one of both'),
]


@pytest.mark.parametrize(("block", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_what_is_wrong_is_told(block: dict[str, Any], sentence: str) -> None:
    problems = read(block)[1]
    assert any(sentence in found for found in problems.found), problems.found


def test_everything_that_is_wrong_is_told_at_once() -> None:
    block = {"normalize": {"idd": [{"pad": 1}, "x"]}, "derive": {"id": {}}, "rename": {"a": "b"}, "drop": ["c"]}
    assert len(read(block)[1].found) == 7


def test_a_chain_of_texts_is_a_warning_that_says_how_it_is_read() -> None:
    columns, problems = read({"normalize": {"id": [{"map": {"1": "2", "2": 3, "x": "x"}}]}})
    assert problems.found == []
    (warning,) = problems.warnings
    assert warning == (
        'silver, normalize, "id", map: writes "2" for "1" and "3" for "2"; each text is looked up once, so that "1" '
        'becomes "2"'
    )
    assert columns.steps("id") == (NormalizeStep("map", (("1", "2"), ("2", "3"), ("x", "x"))),)
