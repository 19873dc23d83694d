"""Files with a sensitive column that fail in as many ways as there are; each cell of it holds the mark of its file."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import orc, parquet

from tests.unit.formats.excel.workbooks import Table, xls, xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: No other text has it.
CANARY = "CANARY7f3a"
#: `badge` must be of another form, so that every value is an offence, and unique, so that all are keys.
DEFINITION = {
    "strict": True,
    "fields": [
        {"name": "id", "type": "integer", "required": True},
        {
            "name": "badge",
            "type": "string",
            "sensitive": True,
            "required": True,
            "unique": True,
            "pattern": "[0-9]{4}",
            "maxLength": 4,
        },
        {"name": "fare", "type": "number", "min": 0},
    ],
}


def badge(shape: str, number: int) -> str:
    """The value in a row; it repeats, so that it is an offence against the key as well."""
    return f"{CANARY}-{shape}-{number % 3}"


def rows(shape: str, count: int = 6) -> list[list[object]]:
    return [[number, badge(shape, number), number * 1.5] for number in range(count)]


def text_of(table: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in table)


HEADER = ["id", "badge", "fare"]


def _csv(shape: str, header: Sequence[object] = HEADER, delimiter: str = ",") -> bytes:
    return text_of([header, *rows(shape)], delimiter).encode()


def _records(shape: str, name: str = "badge") -> list[dict[str, object]]:
    return [dict(zip(["id", name, "fare"], row, strict=True)) for row in rows(shape)]


def _lines(records: Sequence[object]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in records).encode()


def _table(shape: str, name: str = "badge") -> pa.Table:
    ids, badges, fares = zip(*rows(shape), strict=True)
    return pa.table({"id": ids, name: badges, "fare": fares})


def _parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


def _orc(table: pa.Table) -> bytes:
    file = io.BytesIO()
    orc.write_table(table, file)
    return file.getvalue()


def _zip(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _nested(shape: str) -> bytes:
    table = _table(shape)
    values = pa.array([{"deep": one} for one in table["badge"].to_pylist()])
    return _parquet(table.set_column(1, "badge", values))


#: By the name of the file: what is in it, told the shape's own name.
SHAPES: Mapping[str, Callable[[str], bytes]] = {
    "sound.csv": _csv,
    "no-header.csv": lambda shape: text_of(rows(shape)).encode(),
    "other-case.csv": lambda shape: _csv(shape, ["ID", "Badge", "Fare"]),
    "other-name.csv": lambda shape: _csv(shape, ["id", "driver_badge", "fare"]),
    "odd-space.csv": lambda shape: _csv(shape, ["id", "bad\u00a0ge", "fare"]),
    "title-above.csv": lambda shape: f"List of {badge(shape, 0)}\n".encode() + _csv(shape),
    "semicolons.csv": lambda shape: _csv(shape, delimiter=";"),
    "tabs.csv": lambda shape: _csv(shape, delimiter="\t"),
    "pipes-no-header.csv": lambda shape: text_of(rows(shape), "|").encode(),
    "too-many.csv": lambda shape: text_of([HEADER, *([*row, badge(shape, 1)] for row in rows(shape))]).encode(),
    "too-few.csv": lambda shape: text_of([HEADER, *(row[:2] for row in rows(shape))]).encode(),
    "open-quote.csv": lambda shape: _csv(shape) + f'7,"{badge(shape, 2)},1\n8,{badge(shape, 2)},2\n'.encode(),
    "not-utf8.csv": lambda shape: _csv(shape) + b"7," + badge(shape, 1).encode() + b"\xff\xfe,1\n",
    "utf16.csv": lambda shape: _csv(shape).decode().encode("utf-16"),
    "repeated-name.csv": lambda shape: _csv(shape, ["badge", "badge", "fare"]),
    "cut-off.csv.gz": lambda shape: gzip.compress(_csv(shape) * 50)[:-20],
    "two-members.zip": lambda shape: _zip({"a.csv": _csv(shape), "b.csv": _csv(shape)}),
    "wrong-type.jsonl": lambda shape: _lines([{"id": 1, "badge": one} for one in _records(shape)]),
    "other-name.jsonl": lambda shape: _lines(_records(shape, "Badge")),
    "broken.jsonl": lambda shape: _lines(_records(shape)) + f'{{"id": 1, "badge": "{badge(shape, 1)}", }}\n'.encode(),
    "array.json": lambda shape: json.dumps(_records(shape, "BADGE")).encode(),
    "object.json": lambda shape: json.dumps({"results": _records(shape)}).encode(),
    "other-case.parquet": lambda shape: _parquet(_table(shape, "Badge")),
    "nested.parquet": _nested,
    "other-name.orc": lambda shape: _orc(_table(shape, "badge_no")),
    "title-above.xlsx": lambda shape: xlsx(Table([[f"List of {badge(shape, 0)}"], HEADER, *rows(shape)])),  # type: ignore[list-item]
    "no-header.xls": lambda shape: xls(Table(rows(shape))),  # type: ignore[arg-type]
}
