"""Monthly workbooks of a made-up town: people come, change, leave and return, and those who type make mistakes.

The same seed gives the same cells. Half a percent of the rows, or another share, have one fault of `FAULTS` each.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Cell: TypeAlias = "str | float | date | None"
CITIZENS: Final = (
    *("citizen_id", "first_name", "last_name", "birth_date", "sex", "street", "house_no", "zip", "city", "email"),
    *("registered_on", "status"),
)
PHONES: Final = ("citizen_id", "phone_type", "phone")
#: What goes wrong with a row.
FAULTS: Final = (
    *("no last name", "impossible date", "born in 1080", "unknown sex", "broken email", "error cell", "no key"),
    *("twice the same", "twice and different", "registered before birth", "typo in the status", "typo in the name"),
)
#: What Excel shows where a formula found nothing.
ERROR_CELL: Final = "#N/A"
_FIRST: Final = (
    "Ann",
    "Ben",
    "Carla",
    "Dmitri",
    "Eva",
    "Faruk",
    "Grace",
    "Hugo",
    "Ines",
    "José",
    "Zoë",
    "Li",
    "Mary-Jane",
)
_LAST: Final = ("Smith", "O'Neil", "van der Berg", "McDonald", "García", "Nowak", "Øster", "Brown", "Peña", "King")
_STREETS: Final = ("Main St", "5TH AVE", "Oak Rd", "elm street", "Harbour Blvd", "Mill Lane", "Park Avenue")
_CITIES: Final = (("94103", "San Francisco"), ("10001", "NEW YORK"), ("00501", "Holtsville"), ("60601", "chicago"))
_AREAS: Final = ("415", "212", "312", "628")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the town knows them, apart from how it is typed."""

    number: int
    first: str
    last: str
    born: date
    sex: str
    street: str
    house: int
    place: int
    registered: date
    status: str
    line: int


@dataclass
class Town:
    """A town over the months; `month` is asked in order, once each.

    Attributes:
        seed: of everything.
        size: people in the first month.
        change: share of them that change, leave, come or return in a month, each a quarter.
        faults: share of rows with a fault.
    """

    seed: int
    size: int
    change: float = 0.02
    faults: float = 0.005
    _people: dict[int, Person] = field(default_factory=dict)
    _away: list[Person] = field(default_factory=list)
    _next: int = 1

    def month(self, month: date) -> tuple[list[list[Cell]], list[list[Cell]]]:
        """The rows of both workbooks of a month: citizens, and their phones."""
        chance = random.Random(f"{self.seed} {month}")  # noqa: S311 - sample data
        if self._people:
            self._pass_time(chance, month)
        else:
            for _ in range(self.size):
                self._arrive(chance, month)
        citizens = [row for person in self._people.values() for row in self._typed(person, chance)]
        phones = [row for person in self._people.values() for row in _phones(person, chance, self.faults)]
        return citizens, phones

    def _pass_time(self, chance: random.Random, month: date) -> None:
        some = max(1, round(len(self._people) * self.change / 4))
        numbers = sorted(self._people)
        for number in chance.sample(numbers, min(some, len(numbers))):
            person = self._people[number]
            street, house = chance.choice(_STREETS), chance.randint(1, 300)
            changed = replace(person, street=street, house=house, place=chance.randrange(len(_CITIES)))
            self._people[number] = chance.choice(
                (changed, replace(person, last=chance.choice(_LAST)), replace(person, status="moved"))
            )
        back, self._away = self._away[:some], self._away[some:]
        for number in chance.sample(numbers, min(some, len(numbers) - 1)):
            self._away.append(self._people.pop(number))
        self._people |= {person.number: person for person in back}
        for _ in range(some):
            self._arrive(chance, month)

    def _arrive(self, chance: random.Random, month: date) -> None:
        born = month - timedelta(days=chance.randint(0, 36_000))
        self._people[self._next] = Person(
            number=self._next,
            first=chance.choice(_FIRST),
            last=chance.choice(_LAST),
            born=born,
            sex=chance.choice("FMX"),
            street=chance.choice(_STREETS),
            house=chance.randint(1, 300),
            place=chance.randrange(len(_CITIES)),
            registered=max(born, month - timedelta(days=chance.randint(0, 3000))),
            status="active",
            line=chance.randint(0, 9999),
        )
        self._next += 1

    def _typed(self, person: Person, chance: random.Random) -> list[list[Cell]]:
        zip_code, city = _CITIES[person.place]
        row: dict[str, Cell] = {
            "citizen_id": f"C{person.number:07d}",
            "first_name": chance.choice((person.first, person.first.upper(), f" {person.first}")),
            # in capitals nobody could tell which particles are small
            "last_name": chance.choice((person.last, person.last if " " in person.last else person.last.upper())),
            "birth_date": chance.choice((person.born, f"{person.born:%d.%m.%Y}")),
            "sex": chance.choice((person.sex, person.sex.lower())),
            "street": person.street,
            "house_no": chance.choice((person.house, str(person.house))),
            "zip": chance.choice((zip_code, int(zip_code))),
            "city": city,
            "email": f"c{person.number}@Example.org",
            "registered_on": person.registered,
            "status": chance.choice((person.status, person.status.title())),
        }
        if chance.random() >= self.faults:
            return [list(row.values())]
        return _with_fault(row, chance.choice(FAULTS))


def _with_fault(row: dict[str, Cell], fault: str) -> list[list[Cell]]:
    """A row, or two, in which something went wrong."""
    changes: dict[str, dict[str, Cell]] = {
        "no last name": {"last_name": None},
        "impossible date": {"birth_date": "31.02.1980"},
        "born in 1080": {"birth_date": "01.01.1080"},
        "unknown sex": {"sex": "?"},
        "broken email": {"email": "not an address"},
        "error cell": {"city": ERROR_CELL},
        "no key": {"citizen_id": None},
        "registered before birth": {"registered_on": date(1901, 1, 1), "birth_date": date(1980, 1, 1)},
        "typo in the status": {"status": "actvie"},
        # nobody can tell, so it is a version that the next month ends
        "typo in the name": {"last_name": _transposed(str(row["last_name"]))},
    }
    changed = {**row, **changes.get(fault, {})}
    rows = [list(changed.values())]
    if fault == "twice the same":
        rows.append(list(row.values()))
    if fault == "twice and different":
        rows.append(list({**row, "last_name": "Somebody Else"}.values()))
    return rows


def _transposed(name: str) -> str:
    """The second and third letters have changed places."""
    return name[:1] + name[2:3] + name[1:2] + name[3:]


def _phones(person: Person, chance: random.Random, faults: float) -> list[list[Cell]]:
    """One or two numbers of somebody, each spelled in one of ten ways."""
    rows: list[list[Cell]] = []
    for kind in ("mobile", "home")[: 1 + person.number % 2]:
        area, line = _AREAS[person.number % len(_AREAS)], f"{person.line:04d}"
        exchange = str(550 + person.number % 40)
        spellings = (
            *(f"+1{area}{exchange}{line}", f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}"),
            *(f"{area}.{exchange}.{line}", f"{area} {exchange} {line}", f"1-{area}-{exchange}-{line}"),
            *(f"+1 {area} {exchange} {line}", f"+1 ({area}) {exchange}-{line}", f"+1-{area}-{exchange}-{line}"),
            f"{area}{exchange}{line}",
        )
        typed = chance.choice((kind, kind.title(), "Cell" if kind == "mobile" else "landline"))
        number = "unlisted" if chance.random() < faults else chance.choice(spellings)
        rows.append([f"C{person.number:07d}", typed, number])
    return rows


def write_workbook(
    path: Path,
    sheet: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    merged: Sequence[tuple[str, int]] = (),
) -> None:
    """Write rows to the one sheet of a workbook.

    Args:
        path: of the workbook.
        sheet: its name.
        header: names of the columns.
        rows: their cells; a text `#N/A` becomes what Excel shows for a failed formula.
        merged: titles that stand above the header, each over so many columns, as people group them.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as workbook:
        days = workbook.add_format({"num_format": "yyyy-mm-dd"})
        workbook.set_properties({"created": date(2026, 1, 1)})
        page = workbook.add_worksheet(sheet)
        column, first = 0, 1 if merged else 0
        for title, width in merged:
            page.merge_range(0, column, 0, column + width - 1, title)
            column += width
        page.write_row(first, 0, header)
        for number, row in enumerate(rows, first + 1):
            for at, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(number, at, cell, days)
                elif cell == ERROR_CELL:
                    page.write_formula(number, at, "=NA()", None, ERROR_CELL)
                elif cell is not None:
                    page.write(number, at, cell)
