"""JSON that jsonb takes, whatever the verdict holds."""

from __future__ import annotations

import json
import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_core.storable import json_text, storable

_TEXTS = st.text(alphabet=st.characters(codec=None, categories=None))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *_texts(item))]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


@given(_VALUES)
def test_the_result_is_strict_json_without_what_postgres_refuses(value: object) -> None:
    text = json_text(value)
    text.encode("utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    parsed = json.loads(text, parse_constant=refuse)
    assert not any("\x00" in part for part in _texts(parsed))
    assert json_text(parsed) == text


def test_replacements_can_be_seen() -> None:
    assert json_text({"a\x00": ["\ud83d", math.nan, -math.inf]}) == '{"a␀":["\ufffd",null,null]}'


def test_a_text_that_merely_spells_an_escape_stays() -> None:
    assert json.loads(json_text(["\\u0000"])) == ["\\u0000"]


def test_frozen_mappings_and_tuples_are_json_too() -> None:
    assert json_text(MappingProxyType({"a": (1, MappingProxyType({}))})) == '{"a":[1,{}]}'


@pytest.mark.parametrize("value", [2**64, -(2**80), 1e16, 5e-324, -0.0, {1: "a"}, {"a": [2**64, "\x00"]}])
def test_numbers_of_any_size_keep_their_value(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == json.loads(json.dumps(value).replace("\\u0000", "\u2400"))


def test_anything_else_is_a_fault_of_the_program() -> None:
    with pytest.raises(TypeError, match="a set is not JSON"):
        json_text({"a": {1, 2}})


@given(_TEXTS)
def test_storable_text_keeps_the_length(text: str) -> None:
    stored = storable(text)
    stored.encode("utf-8")
    assert "\x00" not in stored
    assert len(stored) == len(text)


def test_what_postgres_refuses_is_replaced_where_it_can_be_seen() -> None:
    assert storable("a\x00b\ud83dc") == "a\u2400b\ufffdc"
    assert storable("line\nbreak") == "line\nbreak"
