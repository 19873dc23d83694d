"""The one call a value of a page takes says what Jinja's two say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader
from markupsafe import Markup, escape

from dq.report.environment import page_environment, written
from dq.report.figures import shown

_VALUES = st.one_of(
    st.text(),
    st.text("ab<>&\"'` \n\u202e\x00", max_size=20),
    st.sampled_from(["x" * 1000, "x" * 1001, "<" * 1001, Markup("<b>")]),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
)


@given(_VALUES)
def test_a_value_is_shown_and_escaped(value: object) -> None:
    assert written(value) == escape(shown(value))


def test_templates_write_every_value_so() -> None:
    environment = page_environment()
    environment.loader = DictLoader({"page": "{% macro bold(it) %}<b>{{ it }}</b>{% endmacro %}{{ bold(it) }}{{ it }}"})
    page = environment.get_template("page").render(it="<i>\u202e")
    assert page == "<b>&lt;i&gt;&lt;U+202E&gt;</b>&lt;i&gt;&lt;U+202E&gt;"
