"""What a conversion gives: a document, and what of the old one is not in it or is not read by others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

#: Under this name stands what other tools do not know; they leave it alone.
OWN: Final = "pipelineProcessing"
#: As the engine of a quality rule.
ENGINE: Final = "pipeline-processing"

#: One rule of a definition: its argument, and `threshold` and `severity` where they are said.
Rule = tuple[Any, dict[str, Any]]


class ContractError(ValueError):
    """A document is no contract that can be read; the message says what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a conversion could not bring along as it is: where it stands, and what became of it."""

    place: str
    text: str


@dataclass(slots=True)
class Notes:
    """Collects notes while a document is walked."""

    found: list[Note] = field(default_factory=list)

    def lost(self, place: str, what: str) -> None:
        """Note what the new document does not say."""
        self.found.append(Note(place, f"{what}: has no equivalent and is left out"))

    def own(self, place: str, what: str) -> None:
        """Note what the new document says in words of this program alone."""
        self.found.append(Note(place, f"{what}: kept as {OWN}, which other tools do not read"))


@dataclass(frozen=True, slots=True)
class Converted:
    """A new document as JSON values, and the notes on it in the order of the old one."""

    document: dict[str, Any]
    notes: tuple[Note, ...]


def rule_of(raw: Any) -> Rule:  # noqa: ANN401 - any JSON value
    """Take a constraint apart, plain (`5`) or tolerant (`{"value": 5, "threshold": 0.1}`)."""
    if isinstance(raw, dict):
        return raw["value"], {name: raw[name] for name in ("threshold", "severity") if name in raw}
    return raw, {}


def beyond(name: str, option: str, literal: object) -> dict[str, Any]:
    """Make the rule over rows of a limit that is not allowed itself: `exclusiveMinimum` or `exclusiveMaximum`."""
    quoted, operator = name.replace('"', '""'), ">" if option == "exclusiveMinimum" else "<"
    return {"rule": f"{name} {option}", "expression": f'"{quoted}" {operator} {literal}'}


def tolerant(value: Any, tolerance: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Put a constraint together again."""
    return {"value": value, **tolerance} if tolerance else value
