"""Rows that refer to keys held elsewhere: compared as typed values, as a set of Python's values says."""

from __future__ import annotations

import pickle
import tempfile
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.definitions import load_definition
from dq.errors import DefinitionError
from dq.profiling.figures.row_keys import RowKeys
from dq.profiling.profile.codec import decode_profile, encode_profile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.row_rules.reference_keys import KnownReferences, ReferenceKeys, UnreadKeys
from dq.profiling.summary.summarise import FileFacts, summarise
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.files_together import tally_small_files
from dq.profiling.tally.recipe import make_recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.references.key_collector import KeyCollector, TooManyKeysError
from dq.schema.definition import KeyDefinition, SchemaDefinition
from etl_core.errors import NoTemporarySpaceError
from tests.reference.grammar import BAD, value_of_text
from tests.reference.tables import TEXTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dq.profiling.summary.summary import RowRuleSummary

THOROUGH = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLACES = "s3://bucket/key or table:schema.name or silver:table or file://path"
EXAMPLE = '{"fields": ["station"], "in": "s3://bucket/stations.csv", "on": ["code"]}'
PLACE = "s3://ref/keys.csv"
KINDS = [kind for kind in TEXTS if kind != "any"]


def declared(kinds: Sequence[str], **more: object) -> SchemaDefinition:
    names = [f"f{at}" for at in range(len(kinds))]
    fields = [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)]
    on = [f"k{at}" for at in range(len(kinds))]
    return load_definition({"fields": fields, "references": {"fields": names, "in": PLACE, "on": on, **more}})


def arrays(rows: Sequence[Sequence[str | None]], columns: int) -> list[pa.Array]:
    return [pa.array([row[at] for row in rows], pa.string()) for at in range(columns)]


def held(
    definition: SchemaDefinition,
    rows: Sequence[Sequence[str | None]],
    most_bytes: int = 1 << 20,
    most_on_disk: int = 1 << 20,
) -> ReferenceKeys:
    """Keys as they are read from something that holds these rows."""
    columns = definition.references[0].wanted.columns
    names = tuple(column.name for column in columns)
    collector = KeyCollector(
        make_recipe(names, SchemaDefinition(columns, (KeyDefinition(names),))), most_bytes, most_on_disk
    )
    for start in range(0, len(rows), 3):
        part = rows[start : start + 3]
        collector.add(RowBatch(arrays(part, len(names)), len(part)))
    return collector.keys()


def counted(
    definition: SchemaDefinition, rows: Sequence[Sequence[str]], known: KnownReferences, cuts: Sequence[int] = ()
) -> RowRuleSummary:
    names = tuple(field.name for field in definition.fields)
    recipe = make_recipe(names, definition)
    edges = sorted({0, *(min(cut, len(rows)) for cut in cuts), len(rows)})
    whole = FileProfile()
    for number, (start, end) in enumerate(pairwise(edges)):
        tally = FileTally(recipe, number, known)
        part = rows[start:end]
        tally.add(RowBatch(arrays(part, len(names)), len(part), lines=len(part),
                           line_numbers=lambda found: (found + 1).tolist()))  # fmt: skip
        whole += decode_profile(encode_profile(tally.profile()))
    whole = whole if rows else FileTally(recipe, 0, known).profile()
    (found,) = summarise(whole.settled(), recipe, definition, FileFacts(names, 0, "test")).row_rules
    return found


def known_of(definition: SchemaDefinition, keys: ReferenceKeys | UnreadKeys) -> KnownReferences:
    return {definition.references[0].wanted: keys}


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, ...]], list[tuple[str, ...]], list[int]]:
    """Types of a key, rows that refer to it, rows that hold it, and where the file is cut."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2))
    row = st.tuples(*[st.sampled_from([*TEXTS[kind], "-0.0", "0.00"]) for kind in kinds])
    return kinds, draw(st.lists(row, max_size=12)), draw(st.lists(row, max_size=12)), draw(st.lists(st.integers(0, 12)))


@given(cases())
@THOROUGH
def test_rows_are_compared_as_python_compares_their_values(
    case: tuple[list[str], list[tuple[str, ...]], list[tuple[str, ...]], list[int]],
) -> None:
    kinds, rows, there, cuts = case
    definition = declared(kinds)

    def value(row: Sequence[str]) -> tuple[Any, ...] | None:
        values = tuple(
            None if text == "" else value_of_text(text, kind, None) for text, kind in zip(row, kinds, strict=True)
        )
        return None if any(one is None or one is BAD for one in values) else values

    keys = set(filter(None, map(value, there)))
    asked = [one for one in map(value, rows) if one is not None]
    expected = (sum(one not in keys for one in asked), len(asked))
    known = known_of(definition, held(definition, there))
    for found in (counted(definition, rows, known), counted(definition, rows, known, cuts)):
        assert (found.failed, found.checked, found.missing, found.unanswered) == (*expected, False, "")
    if rows:
        recipe = make_recipe(tuple(field.name for field in definition.fields), definition)
        (alone, _), (again, _) = tally_small_files(recipe, [RowBatch(arrays(rows, len(kinds)), len(rows))] * 2, known)
        assert [(one.failed, one.checked) for one in (*alone.row_rules, *again.row_rules)] == [expected] * 2


@pytest.mark.parametrize(
    ("kind", "here", "there", "found"),
    [
        ("integer", "01", "1", True),
        ("integer", "+1", "1", True),
        ("number", "1", "1.0", True),
        ("number", "-0.0", "0", True),
        ("decimal", "1.10", "01.1", True),
        ("string", "1", "1.0", False),
        ("string", " A", "A", False),
        ("string", "a", "A", False),
        ("boolean", "1", "TRUE", True),
        ("datetime", "2024-01-01T00:00:00+01:00", "2023-12-31 23:00:00", True),
        ("datetime", "2024-01-01T00:00:00.000000001", "2024-01-01T00:00:00", False),
        ("datetime", "2024-01-01T00:00:00.000000001", "2024-01-01T00:00:00.000000001", True),
        ("duration", "24:00:00", "P1D", True),
    ],
)  # fmt: skip
def test_a_key_is_the_same_in_every_spelling_of_its_value(kind: str, here: str, there: str, *, found: bool) -> None:
    definition = declared([kind])
    known = known_of(definition, held(definition, [[there]]))
    assert counted(definition, [[here]], known).failed == (0 if found else 1)


def test_a_row_with_half_of_its_bits_in_common_with_a_key_has_no_key() -> None:
    definition = declared(["string"])
    keys = held(definition, [["A"]])
    keys.runs[0].seconds[:] ^= 1
    assert counted(definition, [["A"]], known_of(definition, keys)).failed == 1


def test_what_cannot_be_read_is_no_answer_in_any_part() -> None:
    definition = declared(["string"])
    known = known_of(definition, UnreadKeys("it is gone"))
    for rows in ([], [["A"], ["B"]]):
        found = counted(definition, rows, known, [1])
        assert (found.failed, found.checked, found.unanswered) == (0, 0, "it is gone")
    assert counted(definition, [["A"]], {}).unanswered == "nobody reads what it refers to here"


def test_examples_name_the_fields() -> None:
    definition = declared(["string", "integer"])
    found = counted(definition, [["A", "1"], ["B", "1"]], known_of(definition, held(definition, [["A", "1"]])), [1])
    assert [(one.line, one.text) for one in found.examples] == [(2, "f0=B, f1=1")]


def test_repeats_take_no_room_and_too_many_keys_are_refused() -> None:
    definition = declared(["integer"])
    many = [[str(at % 10)] for at in range(3000)]
    assert len(held(definition, many, most_bytes=100)) == 10
    with pytest.raises(TooManyKeysError, match=r"it has \d+ keys and more, which take more than 0 MiB in every task"):
        held(definition, [[str(at)] for at in range(100)], most_bytes=100, most_on_disk=500)


@pytest.mark.parametrize("kinds", [["integer"], ["string"], ["decimal"], ["integer", "string"]])
def test_keys_on_disk_are_found_as_those_in_memory_wherever_they_are_sent(kinds: list[str]) -> None:
    definition = declared(kinds)
    there = [[str(number)] * len(kinds) for number in range(0, 600, 2)]
    rows = [[str(number)] * len(kinds) for number in range(-3, 603)]
    on_disk = held(definition, there, most_bytes=200)
    assert len(on_disk.runs) > 5
    for keys in (on_disk, pickle.loads(pickle.dumps(on_disk))):  # noqa: S301 - our own
        found = counted(definition, rows, known_of(definition, keys))
        assert (found.failed, found.checked) == (len(rows) - len(there), len(rows))


def test_numbers_on_disk_are_covered() -> None:
    definition = declared(["integer"])
    keys = held(definition, [[str(number)] for number in range(1000, 1100)], most_bytes=100)
    covered, other = (np.concatenate([run.numbers for run in keys.runs[:-1]]), keys.runs[-1])
    assert len(covered) + len(other) == 100
    assert not np.isin(covered, np.arange(1000, 1100, dtype=np.uint64)).any()
    plain = np.concatenate([run.numbers for run in held(definition, [["1000"]]).runs])
    assert not np.isin(covered, plain).any()


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    definition = declared(["integer"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(NoTemporarySpaceError, match="its keys do not fit into memory"):
        held(definition, [[str(at)] for at in range(100)], most_bytes=100)


def test_no_keys_are_found_among_none() -> None:
    keys = ReferenceKeys.of(RowKeys())
    definition = declared(["decimal"])
    assert len(keys) == 0
    assert counted(definition, [["1"], [""]], known_of(definition, keys)).failed == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": ["f00"]}, 'references: names "f00", which is no declared field (did you mean f0?)'),
        ({"fields": []}, "references: fields is []; expected a name or a list of names"),
        ({"fields": ["f0", "f0"]}, 'references: fields is ["f0", "f0"]; expected each name once'),
        ({"on": ["a", "b"]}, "references: has 1 fields and 2 columns in on; expected as many of each"),
        ({"in": "stations.csv"},
         f'references: in is "stations.csv"; expected {PLACES}'),
        ({"in": "ftp://x/y"}, f'references: in is "ftp://x/y"; expected {PLACES}'),
        ({"in": "table:t"}, f'references: in is "table:t"; expected {PLACES}'),
        ({"in": None}, f"references: does not say in what; expected in as {PLACES}"),
        ({"in": 3}, "references: in is a number; expected a text"),
        ({"fields": None}, f"references: has no fields; expected an object such as {EXAMPLE}"),
        ({"severity": "x"}, 'references: severity is "x"; expected one of warning, error, critical'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_reference_is_said(change: dict[str, Any], said: str) -> None:
    raw = {"fields": ["f0"], "in": PLACE, "on": ["k0"], **change}
    with pytest.raises(DefinitionError) as raised:
        load_definition({"fields": [{"name": "f0"}], "references": raw})
    assert str(raised.value).splitlines()[1:] == [f"  - {said}"]


def test_references_are_a_list_each_once_over_values_that_can_be_compared() -> None:
    one = {"fields": "f0", "in": PLACE}
    fields = [{"name": "f0"}, {"name": "nested", "type": "object"}]
    with pytest.raises(DefinitionError) as raised:
        load_definition({"fields": fields, "references": [one, one, 3, {"fields": ["nested"], "in": PLACE}]})
    assert [line.partition(";")[0] for line in str(raised.value).splitlines()[1:]] == [
        "  - references[1]: is there already",
        "  - references[2]: is a number",
        '  - references[3]: names "nested", whose type object cannot be compared',
    ]
    with pytest.raises(DefinitionError, match="has 21 entries; expected at most 20"):
        load_definition({"fields": fields, "references": [{"fields": "f0", "in": f"{PLACE}{at}"} for at in range(21)]})
    with pytest.raises(DefinitionError, match="references: is a text"):
        load_definition({"fields": fields, "references": PLACE})


def test_a_reference_is_critical_unless_it_says_otherwise_and_part_of_the_fingerprint() -> None:
    plain, other = declared(["string"]), declared(["string"], severity="error")
    assert [one.severity.value for one in (*plain.references, *other.references)] == ["critical", "error"]
    assert len({plain.fingerprint, other.fingerprint, declared(["string"], on=["x"]).fingerprint}) == 3
    (same,) = load_definition({"fields": [{"name": "f0"}], "references": {"fields": ["f0"], "in": PLACE}}).references
    assert same.wanted.columns[0].name == "f0"
