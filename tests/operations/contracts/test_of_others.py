"""Contracts that others wrote: what there are words for is read, everything else is named."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq import load_definition
from dq.errors import DefinitionError
from etl_core.yaml_document import read_yaml
from operations.contracts.conversion import ContractError
from operations.contracts.frictionless_in import from_frictionless
from operations.contracts.java_dates import java_format, strptime_format
from operations.contracts.odcs_in import from_odcs
from operations.contracts.recognise import Kind, kind_of_document, read_document
from operations.contracts.whole_patterns import whole

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 2.0.0
status: active
servers:
  - {server: prod, type: s3, location: "s3://landing/orders/*.json", format: json, delimiter: new_line}
schema:
  - name: orders
    physicalName: orders_v2
    relationships:
      - {from: orders.customer, to: customers.id}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 0}
      - {type: library, metric: duplicateValues, arguments: {properties: [id, line]}, mustBe: 0, severity: high}
      - {type: sql, query: "SELECT 1", mustBe: 1, name: odd}
      - {type: text, description: fresh by nine}
    properties:
      - {name: id, physicalName: order_id, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true,
         logicalTypeOptions: {pattern: "^[A-Z]{2}[0-9]+$", format: uuid}}
      - {name: line, logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 0, multipleOf: 2}}
      - {name: price, logicalType: number, physicalType: "DECIMAL(10,2)", logicalTypeOptions: {exclusiveMaximum: 99.5}}
      - {name: at, logicalType: timestamp, logicalTypeOptions: {format: "yyyy-MM-dd HH:mm:ss"}}
      - {name: day, logicalType: date, logicalTypeOptions: {exclusiveMinimum: "2024-02-28"}}
      - {name: email, logicalType: string, classification: confidential,
         quality: [{metric: nullValues, mustBeLessOrEqualTo: 5, unit: percent, severity: warning}]}
      - {name: state, physicalType: VARCHAR(8),
         quality: [{metric: invalidValues, arguments: {validValues: [open, shut]}, mustBeLessThan: 3},
                   {metric: invalidValues, arguments: {validValues: [open, shut]}, mustBe: 0}]}
      - {name: lines, logicalType: array, items: {name: one, logicalType: string}}
slaProperties:
  - {property: latency, value: 2, unit: d, element: orders.at}
  - {property: retention, value: 3, unit: y, element: orders.at}
"""
PACKAGE: dict[str, Any] = {
    "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
    "name": "trips",
    "resources": [
        {"name": "zones", "path": "zones.csv", "schema": {"fields": [{"name": "id", "type": "integer"}]}},
        {
            "name": "trips",
            "path": "trips.csv",
            "format": "csv",
            "encoding": "iso-8859-1",
            "dialect": {"delimiter": ";", "commentChar": "#", "doubleQuote": True},
            "schema": {
                "fieldsMatch": ["equal"],
                "fields": [
                    {"name": "id", "type": "integer", "constraints": {"required": True, "exclusiveMinimum": 0}},
                    {"name": "fare", "type": "number", "decimalChar": ",", "groupChar": ""},
                    {"name": "paid", "type": "string", "categories": [{"value": "card", "label": "Card"}, "cash"]},
                    {"name": "year", "type": "year"},
                    {"name": "ok", "type": "boolean", "trueValues": ["yes"]},
                    {"name": "day", "type": "date", "format": "any", "constraints": {"jsonSchema": {}}},
                ],
                "primaryKey": "id",
                "missingValues": ["", {"value": "-", "label": "none"}],
                "foreignKeys": [{"fields": "zone", "reference": {"resource": "zones", "fields": "id"}}],
            },
        },
    ],
}


WORDS = [
    *("fields", "name", "type", "format", "schema", "resources", "constraints", "minimum", "exclusiveMinimum", "enum"),
    *(
        "pattern",
        "quality",
        "metric",
        "mustBe",
        "arguments",
        "properties",
        "validValues",
        "logicalType",
        "physicalType",
    ),
    *("logicalTypeOptions", "engine", "implementation", "rule", "argument", "customProperties", "property", "value"),
    *("missingValues", "primaryKey", "dialect", "foreignKeys", "categories", "pipelineProcessing", "encoding", "rows"),
]


def test_a_contract_of_somebody_else_becomes_a_definition() -> None:
    found = from_odcs(read_yaml(CONTRACT))
    definition = load_definition(found.document)
    assert definition.warnings == ()
    assert found.document["format"] == "jsonl"
    assert found.document["primaryKey"] == ["order_id"]
    assert found.document["rowCount"] == {"min": 1}
    assert found.document["uniqueKeys"] == [["order_id", "line"]]
    assert found.document["freshness"] == {"field": "at", "maxAge": "2d"}
    fields = {field.pop("name"): field for field in found.document["fields"]}
    assert fields["order_id"] == {"type": "string", "required": True, "pattern": "[A-Z]{2}[0-9]+"}
    assert fields["line"] == {"type": "integer", "min": 1}
    assert fields["price"] == {"type": "decimal"}
    assert found.document["rows"] == [{"rule": "price exclusiveMaximum", "expression": '"price" < 99.5'}]
    assert fields["at"] == {"type": "datetime", "format": "%Y-%m-%d %H:%M:%S"}
    assert fields["day"] == {"type": "date", "min": "2024-02-29"}
    lenient = {"value": True, "threshold": 0.05, "severity": "warning"}
    assert fields["email"] == {"type": "string", "sensitive": True, "required": lenient}
    assert fields["state"] == {"type": "string", "enum": ["open", "shut"]}
    lost = [(note.place, note.text.partition(":")[0]) for note in found.notes]
    assert lost == [
        ("field order_id", "format 'uuid'"),
        ("field line", "multipleOf 2"),
        ("field state", "a quality rule of type library (invalidValues)"),
        ("field lines", "what is inside it"),
        ("quality", "a quality rule of type sql (odd)"),
        ("quality", "a quality rule of type text (fresh by nine)"),
        ("relationships", "a relationship to customers.id; a reference names an object or a table"),
        ("slaProperties", "retention 3 y"),
    ]


def test_a_package_of_somebody_else_becomes_a_definition() -> None:
    found = from_frictionless(PACKAGE, "trips")
    assert found.document == {
        "format": "csv",
        "strict": True,
        "csv": {"delimiter": ";", "encoding": "iso-8859-1"},
        "missingValues": ["", "-"],
        "primaryKey": "id",
        "rows": [{"rule": "id exclusiveMinimum", "expression": '"id" > 0'}],
        "fields": [
            {"name": "id", "type": "integer", "required": True},
            {"name": "fare", "type": "number"},
            {"name": "paid", "type": "string", "enum": ["card", "cash"]},
            {"name": "year", "type": "integer"},
            {"name": "ok", "type": "boolean"},
            {"name": "day", "type": "date"},
        ],
    }
    assert load_definition(found.document).warnings == ()
    assert [note.place for note in found.notes] == [
        *("field fare", "field year", "field ok", "field day", "field day", "foreignKeys", "dialect"),
    ]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"kind": "DataContract", "schema": "x"}, "schema: "),
        ({"kind": "DataContract", "unheard": 1}, "unheard: "),
        ({"kind": "DataContract"}, "has no schema"),
        ({"kind": "DataContract", "schema": [{"name": "a"}, {"name": "b"}]}, "name one of them"),
        ({"resources": []}, "no resources"),
        ({"resources": [{"name": "a"}, {"name": "b"}]}, "'a', 'b'"),
        ({"name": "x", "schema": "schema.json"}, "schema.json"),
        ({"name": "x", "schema": {"fields": ["id"]}}, "has no name"),
    ],
)
def test_what_is_no_contract_is_refused_in_a_sentence(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        (from_odcs if kind_of_document(document) is Kind.ODCS else from_frictionless)(document)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff", "UTF-8"),
        (b"[1]", "no object"),
        (b"{", "neither"),
        (b"a: {b: 1\nc", "neither"),
        (b"x" * (5 << 20), "bytes"),
        (
            b"a: &a [1,1,1,1,1,1,1,1,1]\n"
            + b"".join(b"%c: &%c [%s]\n" % (i + 1, i + 1, b",".join([b"*%c" % i] * 9)) for i in range(97, 106)),
            "values",
        ),
        (b"[" * 100_000, "deeply"),
    ],
    ids=["bytes", "list", "brace", "yaml", "large", "bomb", "deep"],
)
def test_hostile_documents_are_refused(text: bytes, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        read_document(text)


@pytest.mark.parametrize("java", ["yyyy-MM-dd'T'HH:mm:ss", "dd/MM/yy", "yyyyDDD", "MMM d''%", "''yyyy"])
def test_formats_of_java_come_back(java: str) -> None:
    strptime = strptime_format(java)
    assert strptime is None or strptime_format(java_format(strptime) or "") == strptime


def test_a_pattern_that_closes_no_bracket_of_its_own_is_not_cut_out_of_ours() -> None:
    assert whole("^(?:a)|(?:b)$") == "(?s:.*)(?:^(?:a)|(?:b)$)(?s:.*)"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(WORDS), JSON, max_size=6), st.sampled_from([None, "a"]))
def test_any_document_is_read_or_refused_in_a_sentence(document: dict[str, Any], wanted: str | None) -> None:
    for read, begin in (
        (from_odcs, {"kind": "DataContract", "schema": [{"name": "a", "properties": [{"name": "b", **document}]}]}),
        (from_odcs, {"kind": "DataContract", "schema": [{"name": "a", **document}]}),
        (from_frictionless, document),
        (from_frictionless, {"name": "a", "schema": {"fields": [{"name": "b", **document}], **document}}),
    ):
        with suppress(ContractError, DefinitionError):
            load_definition(read(begin, wanted).document)
