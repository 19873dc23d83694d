"""What a file is, and which files are refused before a row is read: each with a sentence."""

from __future__ import annotations

import bz2
import gzip
import io
import pickle
import random
import zipfile

import pyarrow as pa
import pytest

from dq.definitions import load_definition
from dq.errors import UnreadableFileError
from dq.formats.byte_source import BytesSource
from dq.formats.compression import compression_of, expanded
from dq.formats.layout import NoHeaderError
from dq.formats.limits import Limits
from dq.formats.reading import find_layout
from dq.schema.definition import CsvDialect, SchemaDefinition
from dq.schema.fingerprint import fingerprint
from tests.unit.formats.collected import read_file

CSV = b"a,b\n1,x\n2,y\n"


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def zipped(name: str = "data.csv", data: bytes = CSV, beside: tuple[str, ...] = ()) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        for other in beside:
            archive.writestr(other, b"x")
    return file.getvalue()


def declared(encoding: str = "utf-8", format_: str = "csv") -> SchemaDefinition:
    return SchemaDefinition((), format=format_, csv=CsvDialect(encoding=encoding))


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        (b"", "x.csv", "empty \\(0 bytes\\)"),
        (b"\n \n\r\n", "x.csv", "no header"),
        (b"\xef\xbb\xbf", "x.csv", "no header"),
        ("a,b\n".encode("utf-16"), "x.csv", "UTF-16 text"),
        ("a,b\n1,2\n".encode("utf-16-le"), "x.csv", "NUL"),
        (b"\0" * 1000, "x.csv", "NUL"),
        (b"a,\xff\n1,2\n", "x.csv", "header is not UTF-8"),
        (b'a,"b\n1,2\n', "x.csv", "never closed"),
        (b"PAR1" + CSV, "x.csv", "no complete Parquet file"),
        (CSV, "x.parquet", "no complete Parquet file"),
        (CSV, "x.xlsx", "workbook cannot be read"),
        (b"\xfd7zXZ\x00" + CSV, "x.csv.xz", "xz, which is not read"),
        (gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), "x.csv.gz", "compressed twice"),
        (gzip.compress(CSV, mtime=0)[:-9], "x.csv.gz", "gzip data is broken"),
        (gzip.compress(CSV, mtime=0) + b"junk behind it", "x.csv.gz", "gzip data is broken"),
        (bz2.compress(CSV)[:-9], "x.csv.bz2", "bz2 data is broken"),
        (zstd(CSV)[:-2], "x.csv.zst", "zstd data is broken"),
        (gzip.compress(b"", mtime=0), "x.csv.gz", "no header"),
        (b"x" * 400_000, "x.csv", "header is longer than 100,000 bytes"),
        (b",".join([b"c"] * 2000) + b"\n", "x.csv", "2,000 columns, the most that is read is 1,000"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused_with_the_reason(data: bytes, name: str, what: str) -> None:
    with pytest.raises(UnreadableFileError, match=what):
        read_file(data, name, limits=Limits(header=100_000, columns=1000))


def test_a_file_without_a_header_is_told_apart() -> None:
    with pytest.raises(NoHeaderError):
        read_file(b"\n\n", "x.csv")


@pytest.mark.parametrize("name", ["data.csv.zip", "data.zip", "data.csv", "no suffix"])
def test_a_zip_of_one_file_is_read_as_that_file(name: str) -> None:
    for archive in (zipped(), zipped(beside=("__MACOSX/._data.csv", "folder/.DS_Store"))):
        assert read_file(archive, name).rows.values == [["1", "x"], ["2", "y"]]
    assert read_file(zipped(), "x.csv", declared()).rows.values == [["1", "x"], ["2", "y"]]


def test_a_zip_of_several_files_or_none_says_which() -> None:
    with pytest.raises(UnreadableFileError, match=r"a zip archive of 2 files: 'data.csv', 'b.csv'; send each alone"):
        read_file(zipped(beside=("b.csv",)), "x.zip")
    with pytest.raises(UnreadableFileError, match="without any file"):
        read_file(b"PK\5\6" + bytes(18), "x.zip")
    with pytest.raises(UnreadableFileError, match="workbook"):
        read_file(zipped(beside=("b.csv",)), "x.xlsx")


def test_a_zip_has_the_limits_of_other_compressions() -> None:
    with pytest.raises(UnreadableFileError, match="more than 10 times its size"):
        read_file(zipped(data=b"a,b\n" + b"1,2\n" * 500_000), "x", limits=Limits(free_expansion=100_000, expansion=10))
    broken = bytearray(zipped(data=CSV * 100))
    broken[60] ^= 0xFF
    with pytest.raises(UnreadableFileError, match=r"zip data is broken|zip archive cannot be read"):
        read_file(bytes(broken), "x.zip")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html>\n<html>", "an HTML page"),
        (b"\xef\xbb\xbf \n<HTML><body>403</body>", "an HTML page"),
        (b'<?xml version="1.0"?><html>', "an HTML page"),
        (
            b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
            r"an XML document \(Error: AccessDenied\)",
        ),
        (b'<?xml version="1.0"?><rows><row/></rows>', r"an XML document \(rows\)"),
        (b"<rows>\n <row><id>1</id></row>", r"an XML document \(rows\)"),
        (b'<feed xmlns="x"><entry/>', r"an XML document \(feed\)"),
        (b'<meta charset="utf-8"><table><tr><td>id</td></tr>', "an HTML page"),
        (b"<table border=1>\n<tr><td>id</td></tr></table>", "an HTML page"),
        (b"<div>Your session has ended</div>", "an HTML page"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"Obj\x01\x04", "an Avro file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"ARROW1\0\0", "an Arrow IPC file"),
        (pickle.dumps({"a": [1, 2]}), "a Python pickle"),
        (b"Rar!\x1a\x07\0", "a RAR archive"),
        (b"x.csv" + bytes(252) + b"ustar\x0000", "a tar archive"),
        (random.Random(5).randbytes(5000), "binary data"),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x", "x.txt.gz"])
def test_a_foreign_file_is_named_whatever_its_own_name_is(data: bytes, what: str, name: str) -> None:
    """Also inside of a compressed one, and where the definition says something else."""
    with pytest.raises(UnreadableFileError, match=what):
        read_file(gzip.compress(data, mtime=0) if name.endswith("gz") else data, name)
    with pytest.raises(UnreadableFileError, match=what):
        read_file(data, name, declared())


@pytest.mark.parametrize("text", [b"<a>,<b>\n1,2\n", b"<xml,b\n1,2\n", b"%,PDF\n1,2\n", "naïve,b\n1,\x01\n".encode()])
def test_a_text_may_begin_like_something_else(text: bytes) -> None:
    assert len(read_file(text, "x.csv").rows.rows) == 1


def test_zeros_behind_gzip_are_padding() -> None:
    padded = gzip.compress(CSV, mtime=0) + bytes(4000)
    assert read_file(padded, "x.csv.gz").rows.values == [["1", "x"], ["2", "y"]]
    assert read_file(bz2.compress(CSV) + bytes(10), "x.csv.bz2").rows.values == [["1", "x"], ["2", "y"]]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_where_the_data_break_is_named_truly(compress: object) -> None:
    whole = random.Random(1).randbytes(200_000).hex().encode()
    data = compress(whole)[:-2000]  # type: ignore[operator]
    given: list[bytes] = []
    with pytest.raises(UnreadableFileError, match="is broken after") as error:
        given.extend(expanded(BytesSource(data), compression_of(data) or "", Limits()))
    assert f"after {sum(map(len, given)):,} expanded bytes" in str(error.value)
    assert whole.startswith(b"".join(given))
    assert given or compress is bz2.compress  # a block of bzip2 is given as a whole, or not at all


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
def test_compressed_files_are_known_by_their_content(compress: object) -> None:
    data = compress(CSV)  # type: ignore[operator]
    assert read_file(data, "no suffix").rows.values == [["1", "x"], ["2", "y"]]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
def test_members_one_after_the_other_are_one_file(compress: object) -> None:
    data = compress(CSV) + compress(b"3,z\n")  # type: ignore[operator]
    assert read_file(data, "x").rows.rows[-1] == (3, ["3", "z"])


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
def test_a_bomb_is_refused_before_it_has_expanded(compress: object) -> None:
    data = compress(b"a,b\n" + b"1,2\n" * 500_000)  # type: ignore[operator]
    limits = Limits(free_expansion=100_000, expansion=10, block=4096)
    with pytest.raises(UnreadableFileError, match="more than 10 times its size"):
        read_file(data, "x.csv", limits=limits)
    sizes: list[int] = []
    with pytest.raises(UnreadableFileError):
        sizes.extend(map(len, expanded(BytesSource(data), compression_of(data) or "", limits)))
    assert sum(sizes) <= 100_000 + 4096


def test_a_text_may_begin_like_bzip2() -> None:
    assert compression_of(b"BZh,BZh9,c\n") is None
    assert compression_of(bz2.compress(b"")) == "bz2"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "cp500", "shift_jis"])
@pytest.mark.parametrize("block", [3, 8192])
def test_declared_encodings_are_streamed(encoding: str, block: int) -> None:
    text = 'name,ort\nx,Koln\ny,"a\nb"\n' if encoding == "shift_jis" else 'name,ort\nx,Köln\ny,"a\nb"\n'
    found = read_file(text.encode(encoding), "x.csv", declared(encoding), Limits(block=block))
    assert found.layout.header == ("name", "ort")
    assert found.rows.rows == [(1, ["x", text[11:15]]), (2, ["y", "a\nb"])]


def test_bytes_that_are_no_text_of_the_declared_encoding_spoil_their_row_only() -> None:
    found = read_file(b"a,b\n1,x\n2,\x81\n3,z\n", "x.csv", declared("cp1252"))
    assert (found.rows.values, found.rows.count) == ([["1", "x"], ["3", "z"]], 1)
    odd = read_file("a,b\n1,x\n2,y".encode("utf-16-le") + b"\0", "x.csv", declared("utf-16-le"))
    assert (odd.rows.values, odd.rows.count) == ([["1", "x"]], 1)


def test_header_only_and_nul_bytes_are_data() -> None:
    assert read_file(b"a,b\n", "x.csv").rows.rows == []
    assert read_file(b"a,b", "x.csv").rows.rows == []
    assert read_file(b"a,b\n1,x\0y\n", "x.csv").rows.values == [["1", "x\0y"]]


def test_a_header_beyond_the_first_look_is_read() -> None:
    names = [f"column {number}" for number in range(9000)]
    found = read_file(",".join(names).encode() + b"\n" + b"," * 8999 + b"\n", "x.csv")
    assert found.layout.header == tuple(names)
    assert len(found.rows.rows) == 1


def header_of(data: bytes, name: str, definition: SchemaDefinition | None = None) -> tuple[str, ...]:
    return find_layout(BytesSource(data), name, definition, Limits()).header


@pytest.mark.parametrize("header", ["<table>", "<b>id</b>", "<p", "<a>"])
def test_a_header_in_angle_brackets_is_no_page(header: str) -> None:
    assert header_of(f"{header},b\n1,2\n".encode(), "x.csv") == (header, "b")


@pytest.mark.parametrize("name", ["x.tsv", "X.TSV.gz"])
def test_a_name_that_ends_in_tsv_means_tabs_where_no_delimiter_is_declared(name: str) -> None:
    text = b"a\tb\n1,5\t2\n"
    data = gzip.compress(text) if name.endswith("gz") else text
    for raw in ({}, {"format": "csv", "csv": {"quote": "'"}}, None):
        definition = None if raw is None else load_definition(raw)
        assert header_of(data, name, definition) == ("a", "b")
    comma = load_definition({"csv": {"delimiter": ","}})
    assert header_of(data, name, comma) == ("a\tb",)
    assert fingerprint(comma) != fingerprint(load_definition({}))
