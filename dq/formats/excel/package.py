"""The parts of an xlsx file: which one holds a sheet, wherever it lies, and a package put in order.

The library looks for some parts at their usual places only. Others name them by relations of any form: an absolute
path, one that goes up, backslashes, other letters. Such a package is written anew, its parts where they usually are.
"""

from __future__ import annotations

import io
import posixpath
import pyexpat
import zipfile
from dataclasses import dataclass

from dq.formats.excel.wide_records import wide_records

#: The record of a sheet in the workbook of an xlsb file.
_BUNDLED_SHEET = 0x9C
#: Bytes of a part that lists other parts, at most.
_MOST = 16 * 1024 * 1024
_COPIED = 1024 * 1024
_NO_ZIP = (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError)
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@dataclass(frozen=True, slots=True)
class Relation:
    """A part that another one names: the last word of its kind, and its name in the archive."""

    kind: str
    part: str


@dataclass(frozen=True, slots=True)
class Package:
    """The workbook of an archive: its part, its relations by their ids, and the ids of its sheets in their order."""

    book: str
    relations: dict[str, Relation]
    sheets: list[str]

    def sheet_part(self, at: int) -> str | None:
        """Name the part of a sheet by its place among all sheets."""
        relation = self.relations.get(self.sheets[at]) if at < len(self.sheets) else None
        return relation.part if relation else None


def package_of(archive: zipfile.ZipFile) -> Package | None:
    """Find the workbook of an archive and what belongs to it; None where there is none of this kind."""
    names = {_plain(name): name for name in archive.namelist()}
    roots = [relation for relation in _relations(archive, names, "").values() if relation.kind == "officeDocument"]
    book = roots[0].part if roots else names.get("xl/workbook.xml")
    if book is None:
        return None
    content = _content(archive, book)
    sheets = _wide_sheets(content) if _plain(book).endswith(".bin") else _sheets(content)
    return Package(book, _relations(archive, names, book), sheets)


def _sheets(content: bytes) -> list[str]:
    return [
        next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
        for tag, attributes in _elements(content)
        if tag == "sheet"
    ]


def _wide_sheets(content: bytes) -> list[str]:
    """Give the ids of an xlsb workbook's sheets: texts behind two numbers, with their lengths before them."""
    found = []
    for number, at in wide_records(content):
        if number == _BUNDLED_SHEET:
            length = 2 * int.from_bytes(content[at + 8 : at + 12], "little")
            found.append(content[at + 12 : at + 12 + length].decode("utf-16-le", "replace"))
    return found


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _relations(archive: zipfile.ZipFile, names: dict[str, str], part: str) -> dict[str, Relation]:
    """Give what a part names, by its ids; parts that are not there are left out."""
    folder, own = posixpath.split(_plain(part))
    listing = names.get(posixpath.join(folder, "_rels", f"{own}.rels"))
    if listing is None:
        return {}
    found = {}
    for tag, attributes in _elements(_content(archive, listing)):
        target = attributes.get("Target", "").replace("\\", "/")
        path = posixpath.normpath(target if target.startswith("/") else posixpath.join(folder, target))
        name = names.get(_plain(path))
        if tag == "Relationship" and name is not None:
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = Relation(kind, name)
    return found


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_MOST)


def _elements(content: bytes) -> list[tuple[str, dict[str, str]]]:
    """Give all elements of a small part: their names without a prefix, and their attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = pyexpat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes))
    try:
        parser.Parse(content, True)  # noqa: FBT003 - its only form
    except pyexpat.ExpatError:
        return found
    return found


def in_order(data: bytes) -> bytes | None:
    """Write a package anew with its parts at their usual places; None where there is no workbook in it."""
    target = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            package = package_of(source)
            if package is None or not package.sheets or not _plain(package.book).endswith(".xml"):
                return None
            _write(source, archive, package)
    except _NO_ZIP:
        return None
    return target.getvalue()


def _write(source: zipfile.ZipFile, target: zipfile.ZipFile, package: Package) -> None:
    listed = []
    for number, (name, relation) in enumerate(package.relations.items(), 1):
        usual = _usual_place(relation, number)
        if usual is not None:
            _copy(source, relation.part, target, f"xl/{usual}")
            listed.append((name, relation.kind, usual))
    _copy(source, package.book, target, "xl/workbook.xml")
    target.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>')
    target.writestr("_rels/.rels", _listing([("rId1", "officeDocument", "xl/workbook.xml")]))
    target.writestr("xl/_rels/workbook.xml.rels", _listing(listed))


def _usual_place(relation: Relation, number: int) -> str | None:
    match relation.kind:
        case "worksheet":
            return f"worksheets/sheet{number}.xml"
        case "sharedStrings" | "styles":
            return f"{relation.kind}.xml"
    return None


def _listing(relations: list[tuple[str, str, str]]) -> str:
    written = "".join(
        f'<Relationship Id={_quoted(name)} Type="{_RELATIONS}/{kind}" Target="{place}"/>'
        for name, kind, place in relations
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{written}</Relationships>'


def _quoted(text: str) -> str:
    return '"' + text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;") + '"'


def _copy(source: zipfile.ZipFile, part: str, target: zipfile.ZipFile, name: str) -> None:
    with source.open(part) as read, target.open(name, "w", force_zip64=True) as written:
        while piece := read.read(_COPIED):
            written.write(piece)
