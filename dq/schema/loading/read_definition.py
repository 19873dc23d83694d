"""From the JSON of a definition to a `SchemaDefinition`, or to one error that lists everything wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dq.errors import DefinitionError
from dq.schema.definition import CsvDialect, Rule, SchemaDefinition
from dq.schema.fingerprint import fingerprint
from dq.schema.loading.dialect import read_dialect
from dq.schema.loading.fields import read_fields
from dq.schema.loading.file_rules import read_file_rule
from dq.schema.loading.json_document import SUBJECT, canonical_json, read_document
from dq.schema.loading.keys import read_keys
from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
from dq.schema.loading.properties import fold, read_flag, read_properties, read_text
from dq.schema.loading.scoring_options import read_scoring
from dq.schema.row_rules.references import read_references
from dq.schema.row_rules.rows import read_row_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dq.schema.definition import FieldDefinition, Reference
    from dq.schema.format_names import FormatNames
    from dq.schema.loading.fields import DeclaredField
    from dq.schema.vocabulary import Vocabulary

PROPERTIES: Final = {
    "fields": "fields",
    "columns": "fields",
    "format": "format",
    "strict": "strict",
    "primarykey": "primaryKey",
    "uniquekeys": "uniqueKeys",
    "missingvalues": "missingValues",
    "csv": "csv",
    "dialect": "csv",
    "sheet": "sheet",
    "scoring": "scoring",
    "silver": "silver",
    "rows": "rows",
    "references": "references",
}
_IGNORED: Final = frozenset({"name", "title", "description", "comment", "version", "$schema", "profile", "owner"})
_ROOT: Final = "definition"
#: Rules that make sense without any field.
_FIELDLESS: Final = frozenset({"rowCount"})
_SILVER_EXAMPLE: Final = '{"normalize": {"name": ["trim"]}}'


def read_definition_or_none(raw: Any, words: Vocabulary) -> SchemaDefinition | None:  # noqa: ANN401 - any JSON value
    """Read a definition, or give None where there is none: null, an empty object, an empty text.

    Raises:
        DefinitionError: there is one, and it is broken.
    """
    problems = Problems()
    document = read_document(raw, problems)
    return None if document is None or document == {} else _read(document, words, problems)


def read_definition(raw: Any, words: Vocabulary) -> SchemaDefinition:  # noqa: ANN401 - any JSON value
    """Read a definition from JSON text, UTF-8 bytes or parsed JSON, in any accepted spelling; `words` are its names.

    Returns:
        The definition, with a fingerprint of its meaning and warnings about what has no effect in it.

    Raises:
        DefinitionError: lists every problem, each with its place and what was expected there, then what has no effect.
    """
    problems = Problems()
    return _read(read_document(raw, problems), words, problems)


def _read(document: Any, words: Vocabulary, problems: Problems) -> SchemaDefinition:  # noqa: ANN401 - any JSON value
    if not isinstance(document, dict):
        problem = f'the definition is {kind_of(document)}; expected an object such as {{"fields": [...]}}'
        raise DefinitionError(SUBJECT, [*problems.found, problem])
    file_rules = words.file_rules or {}
    own = {fold(one.name): one.name for one in words.formats if one.options}
    spellings = {**own, **PROPERTIES, **{fold(name): name for name in file_rules}}
    properties = read_properties(document, spellings, _ROOT, problems, _IGNORED)
    _check_fields_given(properties, problems)
    declared = read_fields(properties.get("fields", []), problems)
    keys = read_keys(properties, declared, problems)
    file_format, dialect = _read_format(properties, words.formats, problems)
    fields = tuple(_with_primary(field, keys.primary) for field in declared)
    definition = SchemaDefinition(
        fields=fields,
        keys=keys.keys,
        primary_key=keys.primary,
        format=file_format,
        strict=_read_strict(properties, problems),
        missing_values=_read_missing_values(properties, problems),
        csv=read_dialect(properties["csv"], dialect, problems) if "csv" in properties else dialect,
        sheet=_read_sheet(properties, problems),
        options=tuple(_read_options(properties, words.formats, problems)),
        scoring=read_scoring(properties.get("scoring", {}), words, problems),
        file_rules=tuple(
            (name, rule)
            for name, read in file_rules.items()
            if name in properties and (rule := read_file_rule(name, properties[name], read, fields, problems))
        ),
        silver=_read_silver(properties, problems),
        row_rules=read_row_rules(properties["rows"], fields, problems) if "rows" in properties else (),
        references=_read_references(properties, fields, words, problems),
    )
    _check_positions(definition, properties, problems)
    if problems.found:
        raise DefinitionError(SUBJECT, [*problems.found, *_not_told(problems)])
    return replace(definition, fingerprint=fingerprint(definition), warnings=tuple(problems.warnings))


def _not_told(problems: Problems) -> list[str]:
    """Give the warnings no problem repeats: a misspelt name may be what the problems come from."""
    return [warning for warning in problems.warnings if not any(warning in found for found in problems.found)]


def _check_fields_given(properties: Mapping[str, Any], problems: Problems) -> None:
    """A misspelt `fields` must not quietly become a definition that checks nothing."""
    if "fields" in properties or not _FIELDLESS.isdisjoint(properties):
        return
    if problems.warnings:
        problems.add(_ROOT, f"there are no fields; expected a list under the key fields. {problems.warnings[0]}")
    else:
        problems.warn(_ROOT, "there are no fields, so that only formatParsing is checked")


def _with_primary(declared: DeclaredField, primary: Sequence[str]) -> FieldDefinition:
    """Fields of the primary key are required, with the tolerance of the field."""
    field = declared.field
    if field.name not in primary or field.required:
        return field
    rule: Rule = declared.tolerance.rule(True)  # noqa: FBT003 - the rule's argument
    return replace(field, required=rule)


def _read_format(
    properties: Mapping[str, Any], formats: Sequence[FormatNames], problems: Problems
) -> tuple[str | None, CsvDialect]:
    """Read the name of the file format, and the dialect it brings along: `tsv` is CSV with tabs."""
    if "format" not in properties:
        return None, CsvDialect(assumed=True)
    text = read_text(properties["format"], "format", _ROOT, problems)
    if text is None:
        return None, CsvDialect(assumed=True)
    folded = text.lower().removeprefix(".").replace("-", "_").replace(" ", "_")
    known = {name: one for one in formats for name in (one.name, *one.spellings)}
    if folded not in known:
        expected = ", ".join(one.name for one in formats)
        problems.add(_ROOT, f"format {shown(text)} is not known; expected one of {expected}{suggestion(folded, known)}")
        return None, CsvDialect(assumed=True)
    return known[folded].name, known[folded].dialects.get(folded, CsvDialect(assumed=True))


def _read_options(
    properties: Mapping[str, Any], formats: Sequence[FormatNames], problems: Problems
) -> Iterator[tuple[str, object]]:
    """Read what is said for a format alone, under its name."""
    for one in formats:
        if one.options and one.name in properties:
            try:
                yield one.name, one.options(properties[one.name])
            except ValueError as error:
                problems.add(one.name, str(error))


def _read_references(
    properties: Mapping[str, Any], fields: Sequence[FieldDefinition], words: Vocabulary, problems: Problems
) -> tuple[Reference, ...]:
    if "references" not in properties:
        return ()
    return read_references(properties["references"], fields, words.reference_schemes, problems)


def _read_strict(properties: Mapping[str, Any], problems: Problems) -> bool:
    strict = "strict" in properties and read_flag(properties["strict"], "strict", _ROOT, problems) is True
    if strict and properties.get("fields", []) in ([], {}):
        problems.add(_ROOT, "strict is true, but there are no fields that columns could be compared with")
    return strict


def _read_missing_values(properties: Mapping[str, Any], problems: Problems) -> tuple[str, ...]:
    values = properties.get("missingValues", [""])
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return tuple(dict.fromkeys(values))
    problems.add(_ROOT, f'missingValues is {shown(values)}; expected a list of texts such as ["", "NA"]')
    return ("",)


def _read_sheet(properties: Mapping[str, Any], problems: Problems) -> str | None:
    if "sheet" not in properties:
        return None
    sheet = read_text(properties["sheet"], "sheet", _ROOT, problems)
    if sheet is not None and not sheet.strip():
        problems.add(_ROOT, "sheet is empty; expected the name of a sheet, or no sheet at all for the first one")
    return sheet


def _read_silver(properties: Mapping[str, Any], problems: Problems) -> str | None:
    """Carry the block of what becomes of the rows along: what may stand in it is known above."""
    if "silver" not in properties:
        return None
    if not isinstance(properties["silver"], dict):
        problems.add("silver", f"is {kind_of(properties['silver'])}; expected an object such as {_SILVER_EXAMPLE}")
        return None
    try:
        return canonical_json(properties["silver"])
    except ValueError as error:
        problems.add("silver", str(error))
        return None


def _check_positions(definition: SchemaDefinition, properties: Mapping[str, Any], problems: Problems) -> None:
    """Without a header the order of the fields decides, and a JSON object has none once a database has stored it."""
    if definition.csv.header:
        return
    if isinstance(properties.get("fields"), dict):
        problems.add("csv", "header is false, so that fields are read by position; expected the fields as a list")
    elif not definition.fields:
        problems.add("csv", "header is false; expected fields, whose order names the columns")
