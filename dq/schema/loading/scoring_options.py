"""How a definition wants its counts turned into a score."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import Scoring, ScoringMode
from dq.schema.loading.problems import Problems, kind_of, shown
from dq.schema.loading.properties import fold, read_number, read_properties

if TYPE_CHECKING:
    from dq.schema.vocabulary import Vocabulary

_PLACE: Final = "scoring"
PROPERTIES: Final = {"mode": "mode", "passscore": "passScore", "weights": "weights"}
_IGNORED: Final = frozenset({"description", "comment"})
_SCORES: Final = (0, 100)


def read_scoring(raw: Any, words: Vocabulary, problems: Problems) -> Scoring:  # noqa: ANN401 - any JSON value
    """Read `scoring: {mode, passScore, weights}`; what is not given is the default."""
    if not isinstance(raw, dict):
        problems.add(_PLACE, f"is {kind_of(raw)}; expected an object")
        return Scoring()
    scoring = Scoring(mode=words.mode, weights=tuple((weight.key, weight.points) for weight in words.weights))
    properties = read_properties(raw, PROPERTIES, _PLACE, problems, _IGNORED)
    if "mode" in properties:
        scoring = replace(scoring, mode=_read_mode(properties["mode"], problems))
    if "passScore" in properties:
        score = read_number(properties["passScore"], _SCORES, "passScore", _PLACE, problems)
        scoring = scoring if score is None else replace(scoring, pass_score=score)
    if "weights" in properties:
        scoring = replace(scoring, weights=_read_weights(properties["weights"], scoring.weights, words, problems))
    return scoring


def _read_mode(raw: Any, problems: Problems) -> ScoringMode:  # noqa: ANN401 - any JSON value
    folded = raw.lower().replace("-", "_").replace(" ", "_") if isinstance(raw, str) else None
    for mode in ScoringMode:
        if folded == mode.value:
            return mode
    expected = ", ".join(mode.value for mode in ScoringMode)
    problems.add(_PLACE, f"mode is {shown(raw)}; expected one of {expected}")
    return ScoringMode.PROPORTIONAL


def _read_weights(
    raw: Any,  # noqa: ANN401 - any JSON value
    weights: tuple[tuple[str, Fraction], ...],
    words: Vocabulary,
    problems: Problems,
) -> tuple[tuple[str, Fraction], ...]:
    place = f"{_PLACE}, weights"
    if not isinstance(raw, dict):
        problems.add(place, f"is {kind_of(raw)}; expected an object of metric and points")
        return weights
    spellings = {fold(name): weight.key for weight in words.weights for name in (weight.key, weight.synonym)}
    said = {}
    for name, value in read_properties(raw, spellings, place, problems, _IGNORED).items():
        points = read_number(value, _SCORES, name, place, problems)
        if points is not None:
            said[name] = points
    return tuple((name, said.get(name, points)) for name, points in weights)
