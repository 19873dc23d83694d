"""The numbers that are kept of a file's runs, newest last, and how they become bytes.

A run is known by its window; what is said of a window again replaces what was known of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import msgpack
import numpy as np
import numpy.typing as npt

from operations.observations.files.reference import CategoryReference, NumberReference, Reference
from operations.observations.statistics.expectation import Ints
from operations.observations.statistics.scales import Floats
from operations.observations.statistics.walk import States

#: Figures of the whole file, in the order of their rows.
METRICS = ("rows", "size", "score")
_LAYOUT = 1
_Number = TypeVar("_Number", bound=np.generic)


class UnknownLayoutError(ValueError):
    """These bytes are no history of this layout: it is made anew from what is kept."""


def _no_ints() -> Ints:
    return np.empty(0, np.int64)


def _no_numbers() -> Floats:
    return np.empty((len(METRICS), 0))


def _no_states() -> States:
    return np.empty((len(METRICS), 0), np.int8)


@dataclass(slots=True, eq=False)
class ColumnHistory:
    """Figures of columns, of those runs that have any.

    Attributes:
        windows: of these runs, hours since 1970, ascending.
        series: (metric, column) of each row.
        values: (series, runs), on the scale on which they are judged, NaN where there is none.
        states: (series, runs), of `walk.Judged`.
        references: by column.
    """

    windows: Ints = field(default_factory=_no_ints)
    series: list[tuple[str, str]] = field(default_factory=list)
    values: Floats = field(default_factory=lambda: np.empty((0, 0)))
    states: States = field(default_factory=lambda: np.empty((0, 0), np.int8))
    references: dict[str, Reference] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class FileHistory:
    """One file's.

    Attributes:
        windows: hours since 1970, ascending.
        runs: the ids of the runs.
        stamps: which state each was read from, in microseconds since 1970; -1 where there was none.
        numbers: (metric, runs): rows, bytes, points; NaN where one is not known.
        states: (metric, runs), of `walk.Judged`.
        columns: those of its columns.
    """

    windows: Ints = field(default_factory=_no_ints)
    runs: list[str] = field(default_factory=list)
    stamps: Ints = field(default_factory=_no_ints)
    numbers: Floats = field(default_factory=_no_numbers)
    states: States = field(default_factory=_no_states)
    columns: ColumnHistory = field(default_factory=ColumnHistory)

    def place_of(self, window: int) -> tuple[int, bool]:
        """Where a window stands or belongs, and whether it is there."""
        at = int(np.searchsorted(self.windows, window))
        return at, at < len(self.windows) and int(self.windows[at]) == window

    def put(self, window: int, run_id: str, stamp: int, numbers: tuple[float, float, float]) -> int:
        """Put a run in its place, over the one of that window; the place."""
        at, is_there = self.place_of(window)
        if not is_there:
            self.windows, self.stamps = with_place(self.windows, at, window), with_place(self.stamps, at, -1)
            self.runs.insert(at, "")
            self.numbers, self.states = with_place(self.numbers, at, np.nan), with_place(self.states, at, 0)
        self.runs[at], self.stamps[at] = run_id, stamp
        self.numbers[:, at] = numbers
        return at

    def forget(self, keep: int, keep_columns: int) -> None:
        """Keep the newest runs."""
        if len(self.windows) > keep:
            self.windows, self.stamps, self.runs = self.windows[-keep:], self.stamps[-keep:], self.runs[-keep:]
            self.numbers, self.states = self.numbers[:, -keep:], self.states[:, -keep:]
        of = self.columns
        if len(of.windows) > keep_columns:
            of.windows = of.windows[-keep_columns:]
            of.values, of.states = of.values[:, -keep_columns:], of.states[:, -keep_columns:]
        lives = np.flatnonzero(np.isfinite(of.values).any(axis=1))
        if len(lives) < len(of.series):
            of.series = [of.series[at] for at in lives]
            of.values, of.states = of.values[lives], of.states[lives]


def with_place(values: npt.NDArray[_Number], at: int, value: float) -> npt.NDArray[_Number]:
    """The values with another place in their last axis, which holds `value`; a quarter of the time of `np.insert`."""
    found = np.empty((*values.shape[:-1], values.shape[-1] + 1), values.dtype)
    found[..., :at], found[..., at], found[..., at + 1 :] = values[..., :at], value, values[..., at:]
    return found


def encode_history(history: FileHistory) -> bytes:
    """Write a history: MessagePack around arrays, values as 32-bit differences from the newest of each."""
    of = history.columns
    body = [
        _LAYOUT,
        history.windows.astype("<i8").tobytes(),
        history.runs,
        history.stamps.astype("<i8").tobytes(),
        history.numbers.astype("<f8").tobytes(),
        history.states.astype("i1").tobytes(),
        of.windows.astype("<i8").tobytes(),
        of.series,
        *_differences(of.values),
        of.states.astype("i1").tobytes(),
        [[name, *_reference_as_list(one)] for name, one in of.references.items()],
    ]
    written: bytes = msgpack.packb(body, use_bin_type=True)
    return written


def equal(one: float, other: float) -> bool:
    """Whether two numbers are the same, nothing (NaN) and nothing too."""
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN alone differs from itself


def decode_history(data: bytes) -> FileHistory:
    """Read what `encode_history` wrote.

    Raises:
        UnknownLayoutError: another layout, or damaged bytes.
    """
    try:
        layout, windows, runs, stamps, numbers, states, *columns = msgpack.unpackb(data, use_list=True)
        if layout != _LAYOUT:
            raise UnknownLayoutError(f"a history of layout {layout}, this version reads {_LAYOUT}")
        return FileHistory(
            np.frombuffer(windows, "<i8").astype(np.int64),
            runs,
            np.frombuffer(stamps, "<i8").astype(np.int64),
            np.frombuffer(numbers, "<f8").reshape(len(METRICS), len(runs)).astype(np.float64),
            np.frombuffer(states, "i1").reshape(len(METRICS), len(runs)).astype(np.int8),
            _columns_of(*columns),
        )
    except (ValueError, TypeError, LookupError, msgpack.UnpackException) as error:
        raise UnknownLayoutError("the bytes are no history of runs, or damaged") from error


def _columns_of(
    windows: bytes,
    series: list[list[str]],
    newest: bytes,
    differences: bytes,
    states: bytes,
    references: list[list[object]],
) -> ColumnHistory:
    known = np.frombuffer(windows, "<i8").astype(np.int64)
    shape = (len(series), len(known))
    values = np.frombuffer(differences, "<f4").reshape(shape) + np.frombuffer(newest, "<f8")[:, None]
    return ColumnHistory(
        known,
        [(metric, column) for metric, column in series],
        values.astype(np.float64),
        np.frombuffer(states, "i1").reshape(shape).astype(np.int8),
        {name: _reference_of(*parts) for name, *parts in references},  # type: ignore[arg-type,misc]  # as written
    )


def _differences(values: Floats) -> tuple[bytes, bytes]:
    known = np.isfinite(values)
    newest = np.zeros(len(values))
    if values.size:
        last = values.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
        newest = np.where(known.any(axis=1), values[np.arange(len(values)), last], 0.0)
    with np.errstate(over="ignore"):
        differences = (values - newest[:, None]).astype("<f4")
    return newest.astype("<f8").tobytes(), np.where(np.isinf(differences), np.float32(np.nan), differences).tobytes()


def _reference_as_list(reference: Reference) -> list[object]:
    if isinstance(reference, NumberReference):
        return ["numbers", reference.edges.astype("<f8").tobytes(), reference.weights.astype("<f4").tobytes()]
    categories = [[name, reference.weights.get(name, 0.0), seen] for name, seen in reference.seen.items()]
    return ["categories", categories, reference.runs, reference.is_watched]


def _reference_of(kind: str, *parts: object) -> Reference:
    match kind, parts:
        case "numbers", (bytes() as edges, bytes() as weights):
            return NumberReference(
                np.frombuffer(edges, "<f8").astype(np.float64), np.frombuffer(weights, "<f4").astype(np.float64)
            )
        case "categories", (list() as categories, int() as runs, bool() as is_watched):
            return CategoryReference(
                {name: weight for name, weight, _ in categories},
                {name: seen for name, _, seen in categories},
                runs,
                is_watched,
            )
        case _:
            raise ValueError(f"a reference of the kind {kind!r}")
