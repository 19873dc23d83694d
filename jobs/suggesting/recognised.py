"""What a file is that came without a definition: shown on a terminal with bars, in a pipe as plain lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.box import HEAVY_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from jobs.console.terminal import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from jobs.suggesting.own_file import OwnFile

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_MOST_COLUMNS: Final = 200
_MOST_SUSPICIONS: Final = 25
_MOST_CHARACTERS: Final = 28
#: A terminal narrower than this gets no bars.
WIDE: Final = 110


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file that nobody has declared. `dialect` has what a definition has to say of how it is written."""

    format: str
    dialect: Mapping[str, str]
    payload: Mapping[str, Any]
    suspicions: tuple[str, ...]

    def written(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {"format": self.format or None, "dialect": dict(self.dialect), "suspicions": list(self.suspicions)}


def recognised(file: OwnFile, payload: Mapping[str, Any]) -> Recognised:
    """Say what a file is, by its profile without a definition, or by one of its own dialect where that is another.

    Raises:
        PipelineError: it cannot be read now.
    """
    import orjson

    from dq.checks.plan import plan_checks
    from dq.definitions import load_definition
    from dq.suggestions.suspicions import suspicions
    from dq.verdict.judge import judge
    from etl_core.storable import json_text

    dialect = {} if file.dialect is None else file.dialect.written()
    if dialect:
        figures = file.figures(load_definition({**file.head(), "fields": []}))
        payload = orjson.loads(json_text(judge(figures, plan_checks(None)).profile_payload))
    return Recognised(file.format, dialect, payload, suspicions(payload, file.dialect))


def recognised_report(name: str, found: Recognised, *, width: int, bars: bool) -> RenderableType:
    """What the file is, its columns with their figures, and what looks wrong.

    Args:
        name: what the file is called.
        found: what was found out.
        width: of the console, in characters.
        bars: show distributions, which only a terminal is for.
    """
    summary = found.payload["statisticalSummary"]
    said = [found.format or "no format that is known", *(f"{key} {value!r}" for key, value in found.dialect.items())]
    said += [f"{summary['rows']:,} rows", f"{summary['columnCount']:,} columns", f"{summary['bytes'] or 0:,} bytes"]
    parts: list[RenderableType] = [cell(f"{name}: {', '.join(said)}", "bold")]
    if summary["columns"]:
        parts.append(_columns(found.payload, plain=not bars, with_bars=bars and width >= WIDE))
    if found.suspicions:
        parts.append(cell("what looks wrong:", "bold"))
        parts += [cell(f"  {one}") for one in found.suspicions[:_MOST_SUSPICIONS]]
        if len(found.suspicions) > _MOST_SUSPICIONS:
            parts.append(cell(f"  and {len(found.suspicions) - _MOST_SUSPICIONS:,} more"))
    else:
        parts.append(cell("nothing looks wrong"))
    return Group(*parts)


def _columns(payload: Mapping[str, Any], *, plain: bool, with_bars: bool) -> Table:
    shapes = {shape["name"]: shape for shape in payload["valueDistributions"]["columns"]}
    table = Table("column", "type", header_style="bold", box=None if plain else HEAVY_HEAD)
    for name in ("values", "empty", "distinct"):
        table.add_column(name, justify="right")
    for name in ("lowest", "highest", "values" if not with_bars else "distribution"):
        table.add_column(name)
    columns = payload["statisticalSummary"]["columns"]
    for column in columns[:_MOST_COLUMNS]:
        cells = column["count"] + column["nulls"]
        table.add_row(
            cell(column["name"]),
            cell(column["type"]),
            cell(f"{column['count']:,}"),
            cell(f"{column['nulls'] / cells:.1%}" if cells else "", "yellow" if column["nulls"] else ""),
            cell(f"{'~' if column['distinctError'] else ''}{column['distinct']:,}"),
            cell(_short(column["min"])),
            cell(_short(column["max"])),
            _shape(shapes.get(column["name"]), with_bars=with_bars),
        )
    if len(columns) > _MOST_COLUMNS:
        table.add_row("...", f"{len(columns) - _MOST_COLUMNS} more")
    return table


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _shape(shape: Mapping[str, Any] | None, *, with_bars: bool) -> Text:
    if shape is None or shape["kind"] == "masked":
        return Text("")
    if shape["kind"] == "topValues":
        return cell(", ".join(f"{_short(each['value'])} ({each['count']:,})" for each in shape["values"][:3]))
    return Text("".join(_blocks([each["count"] for each in shape["bins"]])), "blue") if with_bars else Text("")


def _blocks(counts: Sequence[int]) -> Iterator[str]:
    most = max(counts, default=0) or 1
    for each in counts:
        yield _BLOCKS[0] if not each else _BLOCKS[max(round(each / most * (len(_BLOCKS) - 1)), 1)]
