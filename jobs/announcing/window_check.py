"""Objects of different windows that would become one run, found among any number before one is announced."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from dq.events.key_layout import FileIdentity
from dq.events.run_window import KeyInRun, RunWindow, find_collapses, key_in_run, window_choice
from etl_core.errors import UsageError
from etl_core.spilling.external_sort import ExternalSort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.events.key_layout import KeyLayouts
    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource

_SHOWN = 10


class WindowCheck:
    """Told all objects, it refuses them where some would collapse. Close it.

    Args:
        layouts: what the keys say.
        run_window: where the runs' windows come from.
    """

    def __init__(self, layouts: KeyLayouts, run_window: WindowSource) -> None:
        self._layouts, self._run_window = layouts, run_window
        self._sort = ExternalSort()
        self._last: KeyInRun | None = None

    def add(self, event: ObjectEvent) -> None:
        """Look at an object."""
        identity = self._layouts.identify(event.key)
        if not isinstance(identity, FileIdentity):
            return
        window = window_choice(identity, self._run_window).window(event.event_time)
        if not isinstance(window, RunWindow):
            return
        compared = key_in_run(identity, window)
        if compared is not None and compared != self._last:  # the objects of a folder are one
            self._last = compared
            self._sort.add(*_written(compared))

    def refuse(self) -> None:
        """Stop before objects whose keys name different windows fall into one run.

        Raises:
            UsageError: names the runs and asks for a decision.
        """
        lines: list[str] = []
        more = 0
        for one in find_collapses(self._sorted()):
            if len(lines) == _SHOWN:
                more += 1
                continue
            lines.append(
                f"  {one.agency_slug}/{one.file_name}: keys of {one.windows} windows, {_shown(*one.first)} "
                f"to {_shown(*one.last)}, would become the one run {_shown(one.run_date, one.run_hour)}"
            )
        if not lines:
            return
        if more:
            lines.append(f"  and {more} more")
        raise UsageError(
            "nothing was started: the objects were last modified together, but their keys name different windows\n"
            + "\n".join(lines)
            + "\nrun again with --run-window key (the windows in the keys) or --run-window last_modified (one run each)"
        )

    def _sorted(self) -> Iterator[KeyInRun]:
        for run, named in self._sort.sorted():
            agency_slug, file_name, run_date, run_hour = json.loads(run)
            day, hour = named.decode().split()
            window = (date.fromisoformat(day), int(hour))
            yield KeyInRun(agency_slug, file_name, date.fromisoformat(run_date), run_hour, window)

    def close(self) -> None:
        """Give the disk back."""
        self._sort.close()


def _written(one: KeyInRun) -> tuple[bytes, bytes]:
    run = json.dumps([one.agency_slug, one.file_name, one.run_date.isoformat(), one.run_hour])
    day, hour = one.named
    return run.encode(), f"{day} {hour:02}".encode()


def _shown(run_date: date, run_hour: int) -> str:
    return f"{run_date} {run_hour:02}h"
