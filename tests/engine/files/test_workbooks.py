"""Workbooks are read in a process of its own: once, within limits, and whatever becomes of it.

Workbooks as other programs write them are read as their library reads them.
"""

from __future__ import annotations

import gzip
import os
import re
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from dq.engine.file_results import FileVerdict
from dq.engine.parts import EngineFaultError
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource
from dq.formats.excel import worker
from dq.formats.excel.rows import WorkbookReading
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, plan_parts, read_part
from dq.schema.definition import SchemaDefinition
from etl_core.objects.store import ObjectStore
from tests.unit.formats.collected import collected, read_file
from tests.unit.formats.excel import workbooks
from tests.unit.formats.excel.test_workbook_kinds import far_ods, far_xlsx, parts_of
from tests.unit.formats.excel.workbooks import Table, archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

MIB = 1024 * 1024
TABLE = Table([["id", "name"], [1, "x"], [2, "y"]])
DATA = workbooks.xlsx(TABLE)
PARTS = parts_of(DATA)


def in_other_words(change: Callable[[str, str], str]) -> bytes:
    """Change the text of every part, by its name."""
    return archive({name: change(name, part.decode()) for name, part in PARTS.items()})


def strict(_name: str, text: str) -> str:
    """Excel's own "Strict Open XML Spreadsheet"."""
    for word, other in (
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        (
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    ):
        text = text.replace(word, other)
    return text


def prefixed(name: str, text: str) -> str:
    """Every tag with the name of its namespace, as the Open XML SDK writes them."""
    if name.startswith("xl/") and "rels" not in name and "theme" not in name:
        text = re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")
    return text


#: A cell in column 194,641,930, if the settings of a printer were a sheet of xlsb.
PRINTER = b"\x00\x04\x00\x00\x00\x00\x01\x08" + (194_641_929).to_bytes(4, "little") + bytes(4)
ODD = {
    "strict": in_other_words(strict),
    "prefixed": in_other_words(prefixed),
    "backslashes": archive({name.replace("/", "\\"): part for name, part in PARTS.items()}),
    "printer": archive({**PARTS, "xl/printerSettings/printerSettings1.bin": PRINTER}),
    "custom part": archive({**PARTS, "customXml/item1.xml": '<colours><colour r="PIXGVB1"/></colours>'}),
    "other letters": archive({name.replace("shared", "Shared"): part for name, part in PARTS.items()}),
}


@pytest.mark.parametrize("kind", ODD)
def test_workbooks_as_other_programs_write_them_are_read(kind: str) -> None:
    found = read_file(ODD[kind], "x.xlsx")
    assert (found.layout.header, found.rows.values) == (("id", "name"), [[1, "x"], [2, "y"]])


class _Unread(BytesSource):
    def read(self, start: int, length: int) -> bytes:
        raise AssertionError(f"{length} bytes from {start} are read")


@pytest.mark.parametrize("data", [DATA, gzip.compress(DATA)], ids=["plain", "gzip"])
def test_planning_looks_at_the_first_bytes_only(data: bytes) -> None:
    if data is DATA:
        layout = find_layout(_Unread(data), "x.xlsx", None, Limits(), data[:100])
    else:
        layout = find_layout(BytesSource(data), "x.xlsx.gz", None, Limits())
    assert (layout.late, layout.header) == (True, ())
    assert len(plan_parts(layout, len(data), Limits())) == 1


def test_header_and_rows_come_from_one_opening() -> None:
    asked: list[int] = []

    class Noted(BytesSource):
        def read(self, start: int, length: int) -> bytes:
            asked.append(start)
            return super().read(start, length)

    source = Noted(DATA)
    layout = find_layout(source, "x.xlsx", None, Limits(), DATA[:100])
    reading = read_part(source, layout, plan_parts(layout, len(DATA), Limits())[0], Limits())
    assert isinstance(reading, WorkbookReading)
    assert reading.layout().header == ("id", "name")
    assert collected(reading.batches()).values == [[1, "x"], [2, "y"]]
    assert asked == [0]


def own_processes() -> list[psutil.Process]:
    """The processes that read workbooks for this one."""
    children = psutil.Process().children()
    return [child for child in children if any("excel.child" in word for word in child.cmdline())]


@pytest.fixture
def fresh() -> Iterator[None]:
    """No process is there yet."""
    worker._idle_of(os.getpid()).stop_all()
    assert own_processes() == []
    yield
    worker._idle_of(os.getpid()).stop_all()


@pytest.mark.usefixtures("fresh")
def test_one_process_reads_one_workbook_after_the_other() -> None:
    for _ in range(5):
        read_file(DATA)
    (process,) = own_processes()
    assert os.getsid(process.pid) == process.pid, "a Ctrl-C for this program would end it"
    read_file(DATA)
    assert own_processes() == [process]


@pytest.mark.usefixtures("fresh")
def test_a_process_whose_work_is_not_wanted_any_more_is_ended() -> None:
    data = workbooks.xlsx(Table([["id"], *([number] for number in range(25_000))]))
    layout = find_layout(BytesSource(data), "x.xlsx", None, Limits())
    batches = read_part(BytesSource(data), layout, plan_parts(layout, len(data), Limits())[0], Limits()).batches()
    assert next(batches).rows == 10_000
    batches.close()  # type: ignore[attr-defined]  # it is a generator
    assert own_processes() == []
    assert len(read_file(data).rows.rows) == 25_000


@pytest.mark.usefixtures("fresh")
def test_a_process_that_had_nothing_to_do_and_ended_is_replaced() -> None:
    read_file(DATA)
    (process,) = own_processes()
    process.kill()
    process.wait()
    assert len(read_file(DATA).rows.rows) == 2
    # It ends between the look at it and the request.
    idle = worker._idle_of(os.getpid())
    (one,) = idle._workers
    one._input.close()
    one._process.wait()
    read_end, write_end = os.pipe()
    os.close(read_end)
    one._input = os.fdopen(write_end, "wb", 0)
    os.set_blocking(write_end, False)
    one.is_there = lambda: True  # type: ignore[method-assign]
    assert len(read_file(DATA).rows.rows) == 2


@pytest.mark.usefixtures("fresh")
def test_a_process_ended_from_outside_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """The machine is short of memory, say: trying again may help, and nothing is said about the file."""
    read_file(DATA)
    (process,) = own_processes()
    process.suspend()
    path = tmp_path / "x.xlsx"
    path.write_bytes(DATA)
    ending = subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -9 {process.pid}"])
    store = ObjectStore()
    found = judge_sources([SourceObject(1, store.peek(None, str(path)), None)], store=store)[1]
    ending.wait()
    assert isinstance(found, EngineFaultError)
    assert "memory" in str(found)


@pytest.mark.usefixtures("fresh")
def test_a_lower_limit_from_above_is_kept() -> None:
    """As `spark.executor.pyspark.memory` sets one for Python workers, and what they start."""
    read_file(DATA)
    (process,) = own_processes()
    resource.prlimit(process.pid, resource.RLIMIT_AS, (400 * MIB, 400 * MIB))
    assert len(read_file(DATA).rows.rows) == 2
    assert own_processes() == [process]
    with pytest.raises(UnreadableFileError, match="MiB of memory"):
        read_file(far_xlsx())


@pytest.mark.usefixtures("fresh")
def test_a_process_that_does_not_take_its_workbook_is_not_waited_for_any_longer() -> None:
    read_file(DATA)
    (process,) = own_processes()
    process.suspend()
    with pytest.raises(UnreadableFileError, match="takes more than 1 seconds"):
        read_file(DATA + bytes(1_000_000), limits=Limits(seconds=1))
    assert own_processes() == []


VALUE = 'office:value-type="float" office:value="1"'
SLOW = far_ods(
    '<table:table-row table:number-rows-repeated="900000">'
    f'<table:table-cell table:number-columns-repeated="20" {VALUE}/></table:table-row>'
)


def test_a_workbook_that_takes_too_long_is_refused_with_the_limit() -> None:
    began = time.monotonic()
    with pytest.raises(UnreadableFileError, match="takes more than 1 seconds"):
        read_file(SLOW, "x.ods", limits=Limits(seconds=1))
    assert time.monotonic() - began < 60


def entities() -> bytes:
    """Ten entities, each ten times the one before."""
    declared = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 10))
    strings = (
        f'<!DOCTYPE sst [<!ENTITY e0 "lol">{declared}]>' + PARTS["xl/sharedStrings.xml"].decode().partition("?>")[2]
    )
    return archive({**PARTS, "xl/sharedStrings.xml": strings.replace("<t>x</t>", "<t>&e9;</t>")})


def one_long_text() -> bytes:
    """Some hundred kilobytes that are one text of 400 MB."""
    strings = PARTS["xl/sharedStrings.xml"].decode().replace("<t>x</t>", f"<t>{'x' * 400_000_000}</t>")
    return archive({**PARTS, "xl/sharedStrings.xml": strings})


def many_cells() -> bytes:
    """A sheet of ten million cells without a place."""
    sheet = PARTS["xl/worksheets/sheet1.xml"].decode()
    rows = "<row>" + "<c><v>1</v></c>" * 1000 + "</row>"
    return archive({**PARTS, "xl/worksheets/sheet1.xml": sheet.replace("</sheetData>", f"{rows * 10_000}</sheetData>")})


HOSTILE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "long text": (one_long_text, "more than 300 MiB of memory"),
    "many cells": (many_cells, "more than 300 MiB of memory"),
    "far apart": (far_xlsx, "more than 300 MiB of memory"),
    "entities": (entities, ""),
    "cut off": (lambda: DATA[: len(DATA) // 2], "cannot be read"),
    "protected": (lambda: workbooks.xls(TABLE, encrypted=True), "protected by a password"),
    "too large": (lambda: DATA + bytes(50_000_000), "most that is held in memory is 40,000,000"),
}


def test_hostile_workbooks_end_apart_and_their_neighbours_are_unharmed(tmp_path: Path) -> None:
    store = ObjectStore()
    paths = []
    for name, (make, _) in HOSTILE.items():
        paths += [tmp_path / f"{name}.xlsx", tmp_path / f"after {name}.xlsx"]
        paths[-2].write_bytes(make())
        paths[-1].write_bytes(DATA)
    excel = SchemaDefinition((), format="excel")
    sources = [SourceObject(at, store.peek(None, str(path)), excel) for at, path in enumerate(paths)]
    found = judge_sources(sources, store=store, limits=Limits(memory=300 * MIB, seconds=20, whole=40_000_000))
    for at, (_, what) in enumerate(HOSTILE.values()):
        ends = [found[2 * at], found[2 * at + 1]]
        assert all(isinstance(one, FileVerdict) for one in ends), ends
        bad, good = (one.verdict for one in ends if isinstance(one, FileVerdict))
        if what:
            assert (bad.score, bad.passed) == (65, False)
        assert what in (bad.failed_validation_message or "")
        assert good.score == 100


PEAK = """
import resource, sys
from dq.formats.byte_source import BytesSource
from dq.formats.excel.worker import frames_of
from dq.formats.limits import Limits
from dq.errors import UnreadableFileError
data = open(sys.argv[1], "rb").read()
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    list(frames_of(BytesSource(data), None, Limits(memory=300 << 20)))
except UnreadableFileError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own >> 10)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


@pytest.mark.parametrize("kind", ["long text", "many cells", "far apart"])
def test_the_memory_of_both_processes_is_bounded(kind: str, tmp_path: Path) -> None:
    """In MiB: the parent takes next to nothing, the child no more than it may."""
    path = tmp_path / "x.xlsx"
    path.write_bytes(HOSTILE[kind][0]())
    done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    own, childs = map(int, done.stdout.split())
    assert own < 50
    assert childs <= 300
