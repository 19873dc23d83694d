"""The objects of a batch are written side by side, those of one file one after the other."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from time import sleep
from typing import TYPE_CHECKING, Any

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from dq.reporting.reporting import RunResult, Saved
    from tests.end_to_end.landing import Landing

FILES, HOURS = 5, 6


class WatchedStore(ReportingStore):
    """Remembers how many results were being saved at once, of each file and of all together."""

    lock = Lock()
    saving: Counter[object]
    most: Counter[object]

    def save(self, transaction: Any, result: RunResult, *arguments: Any) -> Saved:  # noqa: ANN401 - passed on
        with self.lock:
            self.saving.update([result.file.id, "all"])
            self.most |= self.saving
        try:
            sleep(0.02)
            return super().save(transaction, result, *arguments)
        finally:
            with self.lock:
                self.saving.subtract([result.file.id, "all"])


def test_results_of_one_file_do_not_wait_for_each_others_locks(landing: Landing) -> None:
    for number in range(FILES):
        landing.configure(f"trips-{number}")
        landing.announce(*(landing.put(key_of(f"trips-{number}", hour)) for hour in range(HOURS)))
    watched = WatchedStore(read_catalogue(landing.database))
    watched.saving, watched.most = Counter(), Counter()
    outcome = landing.process(reporting=watched)
    assert outcome.states == {"done": FILES * HOURS}
    everything = watched.most.pop("all")
    assert everything > 1
    assert set(watched.most.values()) == {1}
    assert len(watched.most) == FILES
