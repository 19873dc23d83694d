"""Stored states as bytes: small, compressed, and refused where their figures could not be merged.

A small file's row sample holds all of its rows. The hashes and frequencies of its columns follow from the sample then,
and are made again when the state is read: that is half of the bytes, and the half that does not compress.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import msgpack
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.parsing import ONE_TO_ONE, Parsed
from dq.profiling.figures.fine_numbers import FINE, parts_of
from dq.profiling.figures.frequencies import Frequencies
from dq.profiling.figures.hashing import hash_values
from dq.profiling.profile.codec import VERSION, ProfileCodecError, body_of, packed, profile_of_body, unpacked
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.profile.profile_state import ProfileState, StateColumn, StateKey
from dq.profiling.tally.column_figures import KEPT_CHARACTERS, LENGTHS
from dq.schema.definition import FieldType

STATE = "dq.profile.state"
_CODEC = "zstd"
_HASHES, _HASHES_AND_FREQUENCIES = frozenset({"hashes"}), frozenset({"hashes", "frequencies"})


def encode_state(state: ProfileState) -> bytes:
    """Write what outlives the run; equal states give equal bytes."""
    columns = [[one.position, one.name, one.type.value, one.declared, one.sensitive] for one in state.columns]
    keys = [[key.columns, key.full, key.repeated] for key in state.keys]
    derived = _derivable(state)
    without = {at: _HASHES_AND_FREQUENCIES if frequencies else _HASHES for at, frequencies in derived}
    profile = body_of(state.profile, compressed=False, without=without)
    body = packed([columns, keys, derived, profile, state.left_out, state.seed])
    compressed = pa.compress(body, _CODEC, asbytes=True)
    return packed([STATE, VERSION, _hash_mark(), state.files, state.bytes, len(body), compressed])


def decode_state(data: bytes) -> ProfileState:
    """Read a state back; raises ProfileCodecError for anything else."""

    def state_of(mark: bytes, files: int, size: int, length: int, compressed: bytes) -> ProfileState:
        if mark != _hash_mark():
            message = "the values of a stored profile were hashed in another way; profile the file again"
            raise ProfileCodecError(message)
        body = pa.decompress(compressed, length, _CODEC, asbytes=True)
        columns, keys, derived, profile, left_out, seed = msgpack.unpackb(body, use_list=True, strict_map_key=False)
        known = tuple(StateColumn(at, name, FieldType(kind), *marks) for at, name, kind, *marks in columns)
        return ProfileState(
            columns=known,
            profile=_restored(profile_of_body(*profile), known, derived),
            keys=tuple(StateKey(tuple(names), *counts) for names, *counts in keys),
            files=files,
            bytes=size,
            left_out=left_out,
            seed=seed,
        )

    return unpacked(data, STATE, state_of)


@cache
def _hash_mark() -> bytes:
    """Hash a number and a text as sketches do: where these differ, sketches must not be merged."""
    values = (Parsed(None, None, np.array([1])), Parsed(None, pa.array(["dq"]), None))
    return b"".join(hash_values(one, FieldType.INTEGER).astype("<u8").tobytes() for one in values)


def _derivable(state: ProfileState) -> list[list[Any]]:
    """Say which columns' hashes, and frequencies, follow from the sample: [place, frequencies, too]."""
    sample, profile = state.profile.sample, state.profile
    if sample is None or sample.cells is None or len(sample.priority) != profile.rows:
        return []
    sampled = set(sample.cells.column_names)
    derivable = []
    for at, (column, figures) in enumerate(zip(state.columns, profile.columns or (), strict=True)):
        if column.label not in sampled or figures.distinct.full or not len(figures.distinct.hashes):
            continue
        if column.type in ONE_TO_ONE:
            derivable.append([at, False])
        elif column.type in LENGTHS and (figures.max_length or 0) < KEPT_CHARACTERS:
            derivable.append([at, bool(figures.frequencies.counts)])
    return derivable


def _restored(profile: FileProfile, known: tuple[StateColumn, ...], derived: list[list[Any]]) -> FileProfile:
    if not derived or profile.columns is None or profile.sample is None or profile.sample.cells is None:
        return profile
    columns = list(profile.columns)
    for at, frequencies in derived:
        cells = profile.sample.cells.column(known[at].label).drop_null().combine_chunks()
        columns[at] = _derived(columns[at], cells, known[at].type, frequencies=frequencies)
    return replace(profile, columns=tuple(columns))


def _derived(figures: ColumnProfile, cells: pa.Array, kind: FieldType, *, frequencies: bool) -> ColumnProfile:
    if kind in ONE_TO_ONE:
        distinct = pc.unique(cells)
        parts = parts_of(distinct) if distinct.type == FINE else (distinct.to_numpy(zero_copy_only=False), None)
        return replace(figures, distinct=figures.distinct.add(hash_values(Parsed(None, None, *parts), kind)))
    counted = pc.value_counts(cells)
    values, counts = counted.field(0), counted.field(1)
    return replace(
        figures,
        distinct=figures.distinct.add(hash_values(Parsed(None, values, None), kind)),
        frequencies=Frequencies(dict(zip(values.to_pylist(), counts.to_pylist(), strict=True)))
        if frequencies
        else figures.frequencies,
    )
