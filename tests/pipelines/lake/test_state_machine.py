"""Anything happens to two tables in any order, and they hold what a plain dict says.

Attempts on runs are written, committed to silver and then to quarantine, killed between any two steps and finished by
somebody else, repeated, late; two writers plan on the same version; objects are taken out again; other programs compact
and vacuum. After every step each table has of every run exactly the rows of the newest attempt that was committed.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipelines.lake.errors import HistoryGoneError
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.run_part import RunRows
from pipelines.lake.tables import delta_log
from pipelines.lake.tables import replace_runs as replacing
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.recall import recall_files
from pipelines.lake.tables.replace_runs import replace_runs
from tests.pipelines.lake.lake_tables import NOW, SCHEMA, identity, notes, rows_by_delta_rs, run_part, written
from tests.pipelines.lake.other_writers import compact, vacuum

if TYPE_CHECKING:
    from pipelines.lake.run_part import RunKey, RunPart, WrittenFile

#: Most of them share a partition, so that compacting puts their rows into one file.
RUNS = [run_part(0), *(run_part(hour, agency="b: %ü") for hour in range(3))]
LAYERS = ("silver", "quarantine")


@dataclass
class Attempt:
    """An attempt on a run: rows per table, and the version each commit made."""

    run: RunPart
    generation: int
    ids: dict[str, list[int]]
    files: dict[str, RunRows]
    versions: dict[str, int] = field(default_factory=dict)


class Lake(RuleBasedStateMachine):
    """Silver and quarantine, and what they must hold."""

    def __init__(self) -> None:
        super().__init__()
        self._root = Path(tempfile.mkdtemp(prefix="dq-lake-"))
        self._tables = {layer: lake_table(str(self._root), layer, "trips") for layer in LAYERS}
        self._attempts: list[Attempt] = []
        self._truth: dict[str, dict[RunKey, Attempt]] = {layer: {} for layer in LAYERS}
        self._newest: dict[str, dict[RunKey, int]] = {layer: {} for layer in LAYERS}
        self._ids = iter(range(10**9))
        self._time = NOW

    def teardown(self) -> None:
        shutil.rmtree(self._root)

    @initialize(runs=st.integers(0, len(RUNS)))
    def begin(self, runs: int) -> None:
        """Some runs are there already, from one batch."""
        for run in RUNS[len(RUNS) - runs :]:
            self.write(run, 2, 1)
        for layer in LAYERS:
            if runs:
                self._commit(layer, [*self._attempts])

    @rule(run=st.sampled_from(RUNS), silver=st.integers(0, 3), quarantine=st.integers(0, 2))
    def write(self, run: RunPart, silver: int, quarantine: int) -> None:
        """An attempt writes its files; nobody sees them."""
        generation = len(self._attempts) + 1
        ids = {
            layer: [next(self._ids) for _ in range(rows)]
            for layer, rows in zip(LAYERS, (silver, quarantine), strict=True)
        }
        files = {
            layer: written(self._tables[layer], run, generation, [notes(ids[layer])] if ids[layer] else [])
            for layer in LAYERS
        }
        self._attempts.append(Attempt(run, generation, ids, files))

    @precondition(lambda self: self._attempts)
    @rule(data=st.data(), layers=st.sampled_from([LAYERS, LAYERS[:1], LAYERS[1:]]), together=st.integers(1, 3))
    def commit(self, data: st.DataObject, layers: tuple[str, ...], together: int) -> None:
        """Attempts are committed, perhaps again, perhaps late, perhaps by a process that dies between the tables."""
        chosen = {}
        for _ in range(together):
            one = data.draw(st.sampled_from(self._attempts))
            chosen[one.run.key] = one
        for layer in layers:
            self._commit(layer, [*chosen.values()])

    @precondition(lambda self: self._attempts)
    @rule(data=st.data(), layer=st.sampled_from(LAYERS), quicker=st.integers(1, 2))
    def commit_while_others_do(self, data: st.DataObject, layer: str, quicker: int) -> None:
        """Somebody else commits between the moment this commit was planned and the moment it is made."""
        mine = data.draw(st.sampled_from(self._attempts))
        others = [data.draw(st.sampled_from(self._attempts)) for _ in range(quicker)]
        real = delta_log.commit

        def late(*given: object) -> None:
            if others:
                other = others.pop()
                with mock.patch.object(replacing, "commit", real):
                    self._commit(layer, [other])
            real(*given)  # type: ignore[arg-type]

        with mock.patch.object(replacing, "commit", late):
            self._commit(layer, [mine])

    @precondition(lambda self: any(self._truth["silver"].values()))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """The rows of a run's attempt go; those of an earlier one of its attempts come back, or none."""
        now = data.draw(st.sampled_from(sorted(self._truth["silver"].values(), key=lambda one: one.generation)))
        earlier = [one for one in self._attempts if one.run.key == now.run.key and one.generation < now.generation]
        before = data.draw(st.sampled_from([None, *earlier]))
        generation = len(self._attempts) + 1
        again = Attempt(now.run, generation, {layer: [] for layer in LAYERS}, {})
        for layer in LAYERS:
            snapshot = read_snapshot(self._tables[layer])
            files: tuple[WrittenFile, ...] | None = ()
            if before is not None and snapshot is not None:
                try:
                    files = recall_files(
                        snapshot, now.run.key, before.generation, before.versions.get(layer, snapshot.version + 1)
                    )
                except HistoryGoneError:
                    files = None
            if files is None and before is not None:  # its object is loaded again
                rows = written(self._tables[layer], now.run, generation, [notes(before.ids[layer])])
            else:
                rows = RunRows(now.run, generation, files or ())
            again.ids[layer] = [] if before is None or snapshot is None else before.ids[layer]
            again.files[layer] = rows
        self._attempts.append(again)
        for layer in LAYERS:
            self._commit(layer, [again])

    @rule(layer=st.sampled_from(LAYERS))
    def compact(self, layer: str) -> None:
        """Another program puts the files of each partition together."""
        compact(self._tables[layer])

    @precondition(lambda self: len(self._truth["silver"]) > 1)
    @rule(data=st.data(), layer=st.sampled_from(LAYERS), rows=st.integers(0, 2))
    def restate_what_was_compacted(self, data: st.DataObject, layer: str, rows: int) -> None:
        """A run of a compacted file gets other rows; those of the other runs in the file stay."""
        compact(self._tables[layer])
        known = sorted(self._truth["silver"].values(), key=lambda one: one.generation)
        self.write(data.draw(st.sampled_from(known)).run, rows, rows)
        for each in LAYERS:
            self._commit(each, [self._attempts[-1]])

    @rule(layer=st.sampled_from(LAYERS))
    def vacuum(self, layer: str) -> None:
        """Files no version of the table needs any more are deleted, also those of attempts not yet committed."""
        waiting = [one for one in self._attempts if layer not in one.versions]
        self._attempts = [one for one in self._attempts if one not in waiting]
        vacuum(self._tables[layer])

    @invariant()
    def tables_hold_the_newest_attempt_of_every_run(self) -> None:
        for layer, folder in self._tables.items():
            expected = sorted(
                (attempt.run.agency_slug, attempt.run.run_hour, number)
                for attempt in self._truth[layer].values()
                for number in attempt.ids[layer]
            )
            if read_snapshot(folder) is None:
                assert expected == []
                continue
            found = rows_by_delta_rs(folder)
            assert sorted((row.agency, row.hour, row.id) for row in found) == expected

    def _commit(self, layer: str, attempts: list[Attempt]) -> None:
        self._time += timedelta(seconds=1)
        done = replace_runs(self._tables[layer], SCHEMA, [one.files[layer] for one in attempts], identity(self._time))
        for one in attempts:
            newest = self._newest[layer].get(one.run.key, 0)
            if one.generation > newest:
                assert done.outcomes[one.run.key] == "committed"
                self._newest[layer][one.run.key] = one.generation
                self._truth[layer][one.run.key] = one
                one.versions[layer] = done.version
            else:
                assert done.outcomes[one.run.key] == ("already" if one.generation == newest else "superseded")


TestLake = Lake.TestCase
#: A table is read after every step. `HYPOTHESIS_PROFILE=long` takes as many schedules as it says.
_MANY = settings().max_examples
TestLake.settings = settings(max_examples=_MANY if _MANY > 1000 else max(_MANY // 8, 10), stateful_step_count=20)
