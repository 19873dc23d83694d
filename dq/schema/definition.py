"""What a good file looks like: the schema definition as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dq.schema.expressions.syntax import Node


class FieldType(str, Enum):
    """The declared types of the Frictionless Table Schema that are understood."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    OBJECT = "object"
    ARRAY = "array"
    ANY = "any"


class Severity(str, Enum):
    """What a failing rule means for the verdict."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


#: The bounds rules in their fixed order; a profile counts violations by bit position in this tuple.
BOUNDS_RULES = ("min", "max", "enum", "pattern", "minLength", "maxLength")


@dataclass(frozen=True, slots=True)
class Rule:
    """One constraint of a field: its argument, the failing share it tolerates, its severity.

    `value` is typed as the field is: int, float, Decimal, date, datetime, time, FineMoment, Duration,
    str; a tuple of those for enum; an RE2 pattern text for pattern; True for required.
    """

    value: Any
    threshold: Fraction = Fraction(0)
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One declared column. `threshold` and `severity` are those of its type rule."""

    name: str
    type: FieldType = FieldType.STRING
    format: str | None = None
    required: Rule | None = None
    #: the bounds rules present, by their name in `BOUNDS_RULES`, in that order
    bounds: tuple[tuple[str, Rule], ...] = ()
    sensitive: bool = False
    threshold: Fraction = Fraction(0)
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class KeyDefinition:
    """Columns whose values together may occur once; equal column tuples are one key."""

    columns: tuple[str, ...]
    threshold: Fraction = Fraction(0)
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition that the cells of a row fulfil together, in rows in which `when` is true (None: in all of them).

    `columns` are the fields it speaks of, `text` is the condition as somebody wrote it.
    """

    name: str
    condition: Node
    when: Node | None
    columns: tuple[str, ...]
    text: str
    threshold: Fraction = Fraction(0)
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class WantedKeys:
    """Keys that something else holds: `source` says where, as `s3://bucket/key` or `table:schema.name`.

    `columns` are the columns of the key there, of the types of the fields they are compared with.
    """

    source: str
    columns: tuple[FieldDefinition, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Fields whose values together are a key that something else holds; rows with a null among them are not asked."""

    columns: tuple[str, ...]
    wanted: WantedKeys
    threshold: Fraction = Fraction(0)
    severity: Severity = Severity.CRITICAL

    @property
    def name(self) -> str:
        """Tell it from the other rules over rows."""
        return f"references {', '.join(self.columns)}: {self.text}"

    @property
    def text(self) -> str:
        """Say where the keys are."""
        return f"{self.wanted.source} ({', '.join(column.name for column in self.wanted.columns)})"


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written. `delimiter` and `quote` are single ASCII characters.

    `assumed`: nobody said the delimiter, and the file's own name may, as `.tsv` does.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    assumed: bool = False


class ScoringMode(str, Enum):
    """How failing cells become deductions."""

    PROPORTIONAL = "proportional"
    BY_RULE = "by_rule"
    ALL_OR_NOTHING = "all_or_nothing"


@dataclass(frozen=True, slots=True)
class Scoring:
    """How counts become a score (0 to 100) and a verdict (score >= pass_score).

    `weights` holds, by dimension, the most that it can deduct, in points of the score; one that is not there has the
    weight it comes with.
    """

    mode: ScoringMode = ScoringMode.PROPORTIONAL
    pass_score: Fraction = Fraction(80)
    weights: tuple[tuple[str, Fraction], ...] = ()

    def weight(self, dimension: str, default: Fraction) -> Fraction:
        """Give the weight of a dimension, `default` where nothing is said of it."""
        return dict(self.weights).get(dimension, default)


@dataclass(frozen=True, slots=True)
class SchemaDefinition:
    """A whole definition. `fingerprint` is a hexadecimal digest of its canonical JSON.

    `format` is the name of a format. `options`: by the names of formats what is said for them alone, as hashable data.
    `silver`: canonical JSON of the block of that name, read by whoever moves rows onward; None where there is none.
    """

    fields: tuple[FieldDefinition, ...]
    keys: tuple[KeyDefinition, ...] = ()
    #: the columns of `primaryKey`
    primary_key: tuple[str, ...] = ()
    format: str | None = None
    strict: bool = False
    missing_values: tuple[str, ...] = ("",)
    csv: CsvDialect = field(default_factory=CsvDialect)
    sheet: str | None = None
    options: tuple[tuple[str, object], ...] = ()
    scoring: Scoring = field(default_factory=Scoring)
    #: rules over the whole file, by their name
    file_rules: tuple[tuple[str, Rule], ...] = ()
    silver: str | None = None
    row_rules: tuple[RowRule, ...] = ()
    references: tuple[Reference, ...] = ()
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def rules_over_rows(self) -> tuple[RowRule | Reference, ...]:
        """Give all rules that are asked of rows, in the order of the verdict."""
        return (*self.row_rules, *self.references)

    def __hash__(self) -> int:
        """Hash the digest of all the rest."""
        return hash(self.fingerprint)
