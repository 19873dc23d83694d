"""From what a database column or a file holds to a JSON value that is safe to walk."""

from __future__ import annotations

import json
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

from dq.errors import DefinitionError
from dq.schema.loading.problems import Problems, shown
from etl_core.storable import storable

#: Far above any real definition, and small enough that a hostile one costs next to nothing.
MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 200_000

#: The greatest power of ten that is written without an exponent.
_WRITTEN_OUT: Final = 20

SUBJECT: Final = "schema definition"


class _BadNumberError(ValueError):
    """A number that JSON or Python's decimals do not have."""


def read_document(raw: Any, problems: Problems) -> Any:  # noqa: ANN401 - any JSON value in, any JSON value out
    """Parse JSON text or bytes, or take parsed JSON as it is, and hold the limits of size and depth.

    Numbers with a fraction come out of text as `Decimal`, so that a threshold of 0.01 is exactly one hundredth.

    A key given twice and text no database can hold are noted among `problems`; reading goes on.

    Raises:
        DefinitionError: not JSON, not UTF-8, too large or too deep, so that there is nothing to read on.
    """
    if isinstance(raw, (bytes, bytearray, memoryview)):
        raw = _decoded(bytes(raw))
    document = _parsed(raw, problems) if isinstance(raw, str) else raw
    _measure(document, problems)
    return document


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a JSON value so that equal values have one text: keys sorted, numbers exact and shortest.

    >>> canonical_json({"b": [1, Decimal("0.010")], "a": None})
    '{"a":null,"b":[1,0.01]}'

    Raises:
        ValueError: it holds what JSON has no word for.
    """
    match value:
        case dict():
            members = sorted((str(key), member) for key, member in value.items())
            return f"{{{','.join(f'{json.dumps(key)}:{canonical_json(member)}' for key, member in members)}}}"
        case list():
            return f"[{','.join(map(canonical_json, value))}]"
        case None | bool() | int() | str():
            return json.dumps(value)
        case Decimal() | float() if Decimal(value).is_finite():
            return _canonical_number(Decimal(repr(value)) if isinstance(value, float) else value)
    raise ValueError(f"holds {value!s:.40}, which JSON does not have")


def _canonical_number(number: Decimal) -> str:
    """Write 5 and 5.0 alike; a great exponent stays one."""
    if number == 0:
        return "0"
    all_digits = Context(prec=len(number.as_tuple().digits), Emax=MAX_EMAX, Emin=MIN_EMIN)
    shortest = number.normalize(all_digits)
    return format(shortest, "f") if abs(shortest.adjusted()) <= _WRITTEN_OUT else str(shortest)


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _too_large()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"the text is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise DefinitionError(SUBJECT, [problem]) from None


def _parsed(text: str, problems: Problems) -> Any:  # noqa: ANN401 - any JSON value
    if len(text) > MAX_BYTES:
        raise _too_large()
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return None
    try:
        return json.loads(
            text,
            parse_float=_to_decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=partial(_to_object, problems),
        )
    except json.JSONDecodeError as error:
        problem = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}; mend the text there"
    except RecursionError:
        problem = f"nested too deeply; at most {MAX_DEPTH} levels are read"
    except _BadNumberError as error:
        problem = f"not JSON: {error}"
    except ValueError:  # what is left is Python's limit on the digits of an integer
        problem = "a number has thousands of digits; expected numbers of ordinary size"
    raise DefinitionError(SUBJECT, [problem])


def _to_object(problems: Problems, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build one object, noting the keys given twice, of which JSON parsers silently keep the last."""
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            problems.add("definition", f"the key {shown(key)} stands twice in one object; keep one of them")
        members[key] = value
    return members


def _to_decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _BadNumberError(f"the number {text[:40]} is out of range") from None


def _refuse_constant(name: str) -> Any:  # noqa: ANN401 - never returns
    raise _BadNumberError(f"{name} is no JSON number")


def _measure(document: Any, problems: Problems) -> None:  # noqa: ANN401 - any JSON value
    """Walk the document without recursion; refuse it as soon as a limit is passed."""
    values = characters = 0
    waiting: list[tuple[Any, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if depth > MAX_DEPTH:
            raise DefinitionError(SUBJECT, [f"nested too deeply; at most {MAX_DEPTH} levels are read"])
        if values > MAX_VALUES or characters > MAX_BYTES:
            raise _too_large()
        if isinstance(value, str):
            characters += len(value)
            _check_text(value, problems)
        elif isinstance(value, dict):
            waiting.extend((key, depth) for key in value)
            waiting.extend((member, depth + 1) for member in value.values())
        elif isinstance(value, list):
            waiting.extend((member, depth + 1) for member in value)


def _check_text(text: str, problems: Problems) -> None:
    if storable(text) != text:
        sentence = f"the text {text[:40]!a} holds a NUL or half a surrogate pair, which no file can hold"
        problems.add("definition", sentence)


def _too_large() -> DefinitionError:
    limit = f"at most {MAX_BYTES >> 10} KiB and {MAX_VALUES:,} values are read"
    return DefinitionError(SUBJECT, [f"too large; {limit}"])
