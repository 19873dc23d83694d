"""A flow of records as YAML: read whole, or refused with all of its mistakes."""

from __future__ import annotations

import pytest

from etl_core.shipped_files import shipped_file
from pipelines.records.errors import FlowError
from pipelines.records.read_flow import read_flow

FIVE_MISTAKES = """
flow: user events
from: {topic: raw, gruop: me}
definition: {fields: [{name: a, type: strng}, {name: b, type: string}]}
enrich: {stamp: yesterday}
select: {id: a}
to: {topic: raw, key: ident}
dead_letters: {topic: dlq}
"""


def test_the_shipped_flow_is_the_one_that_is_documented() -> None:
    flow = read_flow(shipped_file("records/user_events.yaml").read_bytes(), "user_events.yaml")
    assert (flow.name, flow.source.topic, flow.source.group) == (
        "user_events",
        "user-events-raw",
        "user-event-processor",
    )
    assert (flow.target.topic, flow.target.key, flow.target.table) == (
        "user-events-processed",
        "id",
        "silver/user_events",
    )
    assert flow.dead_letters == "user-events-dlq"
    assert flow.stamped == ("processed_at",)
    assert dict(flow.select) == {
        "id": "event_id",
        "user_id": "user_id",
        "event_type": "event_type",
        "timestamp": "timestamp",
        "processed_at": "processed_at",
        "metadata": "metadata",
    }
    assert flow.quality is not None
    assert (flow.quality.agency, flow.quality.file) == ("streams", "user-events")


def test_all_mistakes_of_a_flow_are_named_at_once() -> None:
    with pytest.raises(FlowError) as caught:
        read_flow(FIVE_MISTAKES, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
    assert sorted(problem.split(":")[0] for problem in caught.value.problems) == [
        "definition",
        "enrich, stamp",
        "flow",
        "from",
        "to, key",
        "to, topic",
    ]
    assert any("did you mean group?" in problem for problem in caught.value.problems)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(FlowError) as caught:
        read_flow("flow: x\n", "x.yaml")
    missing = {problem.split(":")[0] for problem in caught.value.problems if problem.endswith("is missing")}
    assert missing == {"from", "definition", "select", "to", "dead_letters"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "it cannot be read: line 1"),
        ("- a", "it is a list"),
        ("", "it is null"),
        ("!!python/object:x {}", "it cannot be read: line 1"),
        ("flow: x\nflow: y", "line 2: 'flow' is given twice"),
    ],
)
def test_a_text_that_is_no_flow_is_refused(text: str, said: str) -> None:
    with pytest.raises(FlowError, match=said):
        read_flow(text, "x.yaml")


def test_what_can_only_be_asked_of_all_records_is_refused() -> None:
    text = """
flow: x
from: {topic: raw}
definition: {fields: [{name: a, type: string, unique: true}], references: {fields: a, in: "s3://ref/a.csv", on: a}}
select: {a: a}
to: {topic: good}
dead_letters: {topic: bad}
"""
    with pytest.raises(FlowError) as caught:
        read_flow(text, "x.yaml")
    assert [problem for problem in caught.value.problems if "compared over all records" in problem]
    assert [problem for problem in caught.value.problems if "refer to no other table" in problem]


def test_a_flow_that_would_read_what_it_wrote_is_refused() -> None:
    text = """
flow: x
from: {topic: a}
definition: {fields: [{name: a, type: string}]}
select: {a: a}
to: {topic: b}
dead_letters: {topic: b}
"""
    with pytest.raises(FlowError, match="where good records go"):
        read_flow(text, "x.yaml")


@pytest.mark.parametrize("instead", ["5", "true", "now", "[now]"])
def test_an_enrich_that_is_no_object_is_named(instead: str) -> None:
    text = f"""
flow: x
from: {{topic: a}}
definition: {{fields: [{{name: a, type: string}}]}}
enrich: {instead}
select: {{a: a}}
to: {{topic: b}}
dead_letters: {{topic: c}}
"""
    with pytest.raises(FlowError) as caught:
        read_flow(text, "x.yaml")
    (problem,) = caught.value.problems
    assert problem.startswith("enrich: is ")


def test_a_selected_name_that_the_table_has_for_itself_is_refused() -> None:
    text = """
flow: x
from: {topic: a}
definition: {fields: [{name: a, type: string}]}
select: {a: a, _topic: a}
to: {topic: b, delta: silver/x}
dead_letters: {topic: c}
"""
    with pytest.raises(FlowError, match="_topic: names that begin with _"):
        read_flow(text, "x.yaml")
    assert read_flow(text.replace(", delta: silver/x", ""), "x.yaml").target.table is None
