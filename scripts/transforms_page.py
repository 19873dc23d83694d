"""Writes docs/transforms.md from the code: `python scripts/transforms_page.py` (a test holds them equal).

What a step does, and the examples of it, stand in the docstring of its module, where a test runs them.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pipelines.transforms.derived
import pipelines.transforms.enriched.enrich
import pipelines.transforms.text
import pipelines.transforms.values
from pipelines.transforms.derive import DERIVATIONS
from pipelines.transforms.derived_column import Derivation
from pipelines.transforms.silver_block import RUN_COLUMNS, TABLE_COLUMNS
from pipelines.transforms.step import StepKind
from pipelines.transforms.steps import STEPS

sys.path.insert(0, str(Path(__file__).parent))  # a test loads this file from where it stands
from reference import table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "transforms.md"
BLOCK = """\
"silver": {
  "normalize": {"driver": ["trim", "squeeze", "title"], "state": [{"map": {"Calif.": "CA"}}, "upper"],
                "phone": {"phone": "US"}, "cents": {"scale": 0.01}, "note": "null_if_blank"},
  "derive": {"fare_band": {"band": "fare", "edges": [0, 100, 1000], "labels": ["Bronze", "Silver", "Gold"]},
             "trip_ref": {"concat": ["agency", "id"], "separator": "_"}},
  "enrich": [{"from": "s3://ref/stations.csv", "on": {"station": "code"}, "take": {"station_name": "name"},
              "valid": {"at": "service_date", "from": "valid_from", "to": "valid_to"}, "missing": "null"}],
  "rename": {"drv": "driver_code"},
  "drop": ["internal_note"]
}"""


def docstrings(*packages: object) -> dict[str, str]:
    """Give the docstring of each step and derivation, by its name."""
    found = {}
    for package in packages:
        for place in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):  # type: ignore[attr-defined]
            module = importlib.import_module(place.name)
            for value in vars(module).values():
                if isinstance(value, (StepKind, Derivation)):
                    found[value.name] = module.__doc__ or ""
    return found


def prose(text: str) -> Iterator[str]:
    """Give what a docstring says before its examples."""
    yield from text.partition("\n>>> ")[0].strip().splitlines()
    yield ""


def calls(text: str) -> Iterator[tuple[str, ast.Call, list[str | None]]]:
    """Give the examples of a docstring: what a definition says, the call, and the cells that come of it."""
    for example in doctest.DocTestParser().get_examples(text):
        call = ast.parse(example.source, mode="eval").body
        if isinstance(call, ast.Call):
            said = json.dumps(ast.literal_eval(call.args[0]), ensure_ascii=False)
            yield f"`{said}`", call, ast.literal_eval(example.want)


def cell(value: object) -> str:
    """Show a cell so that its white space can be seen."""
    if value is None:
        return "null"
    text = str(value)
    visible = "".join(
        one if one == " " or one.isprintable() else f"<U+{ord(one):04X}>" for one in text.replace("\u00a0", "<U+00A0>")
    )
    return f"`{visible}`" if visible and visible.strip() == visible else f'`"{visible}"`'


def step_examples(text: str) -> Iterator[str]:
    """Write the examples of a step."""
    rows = [["step", "cell", "becomes"]]
    for said, call, becomes in calls(text):
        cells = [ast.literal_eval(argument) for argument in call.args[1:]]
        rows += [[said, cell(before), cell(after)] for before, after in zip(cells, becomes, strict=True)]
    yield from table(*rows)


def derivation_examples(text: str) -> Iterator[str]:
    """Write the examples of a derivation."""
    for said, call, becomes in calls(text):
        columns = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
        yield from (said, "")
        rows = zip(*columns.values(), becomes, strict=True)
        yield from table([*columns, "derived"], *([cell(value) for value in row] for row in rows))


def page() -> Iterator[str]:
    """Write the page."""
    documented = docstrings(pipelines.transforms.text, pipelines.transforms.values, pipelines.transforms.derived)
    yield from (
        "# Transforms",
        "",
        "What the `silver` block of a [definition](definition.md) does to values and columns, once a verdict let the file",
        "through. This page is written by `make docs` from the code; every example on it was run.",
        "",
        "```json",
        *BLOCK.splitlines(),
        "```",
        "",
        "- `normalize`: steps over the texts of a column, in their order; one step needs no list. A step sees one cell at a",
        "  time. It keeps nulls null, and a value that it cannot make sense of as it is: then the rules of the field decide.",
        f"  {', '.join(f'`{name}`' for name in STEPS if STEPS[name].numbers)} take the numbers of JSON, Parquet and Excel,",
        "  too, as the texts that a CSV would have; the others have nothing to do there. A column of a typed file that such",
        "  a step can do nothing with holds the object.",
        "- `derive`: columns made from others, as they are after `normalize`, and from what is known of the run:",
        f"  {', '.join(f'`{name}`' for name in RUN_COLUMNS)}. A declared column with such a name goes before it.",
        "- `enrich`: columns from references, between `normalize` and `derive`, see below.",
        "- `rename` and `drop` come last. All names before are those of the file.",
        f"- No column may be called {', '.join(f'`{name}`' for name in TABLE_COLUMNS)}: every table has these.",
        "",
        'To try one: `python -c \'from pipelines.transforms.normalize import tried; print(tried("name", "MCDONALD"))\'`',
        "",
        "## Steps",
        "",
    )
    for name in STEPS:
        yield from (f"### {name}", "", *prose(documented[name]), *step_examples(documented[name]))
    yield from ("## Derived columns", "")
    for name in DERIVATIONS:
        yield from (f"### {name}", "", *prose(documented[name]), *derivation_examples(documented[name]))
    told = pipelines.transforms.enriched.enrich.__doc__ or ""
    examples = told.partition("\n>>> ")[2].strip().splitlines()
    yield from (
        "## Columns from references",
        "",
        *prose(told),
        "```python",
        f">>> {examples[0]}",
        *examples[1:],
        "```",
        "",
    )


def text() -> str:
    """Give the whole page."""
    return "\n".join(page()).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
