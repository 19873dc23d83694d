"""Which sheet of a workbook was read, and which others there are."""

from __future__ import annotations

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

_MOST_NAMED = 5
_MOST_NAME = 60


def origin_of(book: CalamineWorkbook, name: str) -> str:
    """Say which sheet was read where there are others: a column that is missing may be there. Else empty."""
    sheets = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    others = [_titled(one.name) for one in sheets if one.name != name]
    if not others:
        return ""
    hidden = any(one.name == name and one.visible != SheetVisibleEnum.Visible for one in sheets)
    more = f" and {len(others) - _MOST_NAMED:,} more" if len(others) > _MOST_NAMED else ""
    read = f"sheet {_titled(name)}{' (hidden)' if hidden else ''} was read"
    return f"{read}; the workbook also has {', '.join(others[:_MOST_NAMED])}{more}: declare sheet to read another"


def _titled(name: str) -> str:
    return repr(name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 1]}…")
