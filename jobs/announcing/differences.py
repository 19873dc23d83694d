"""Differences between store and ledger on stdout: a line each, for people or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dq.reconciling.comparison import MATTERS
from jobs.console.terminal import cell, stdout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.reconciling.account import Account
    from dq.reconciling.comparison import Compared

#: No difference, or none that anybody could see to.
_NEVER_SHOWN = frozenset({"known", "young", "gone_since", "there_since", "gone_and_young"})


class ShownDifferences:
    """Shows what is found, as it is found.

    Args:
        everything: also keys whose object was deleted after its verdict, or after somebody closed its row.
        as_json: JSON lines, the last of which has the counts.
    """

    def __init__(self, *, everything: bool, as_json: bool) -> None:
        self._everything, self._as_json = everything, as_json
        self._console = stdout()

    def show(self, one: Compared) -> None:
        """One difference."""
        if one.finding in _NEVER_SHOWN or not (self._everything or one.finding in MATTERS):
            return
        event, row = one.event, one.row
        if not self._as_json:
            self._console.print(cell(f"{one.finding} s3://{event.bucket}/{event.key}"), soft_wrap=True)
            return
        said = {
            "finding": one.finding,
            "bucket": event.bucket,
            "key": event.key,
            "version_id": event.version_id,
            "etag": event.etag,
            "size": event.size,
            "last_modified": None if event.event_time is None else event.event_time.isoformat(),
            "id": None if row is None else row.id,
            "state": None if row is None else row.state,
        }
        self._line(said)

    def close(self, account: Account, announced: int) -> None:
        """Show the counts, where they are asked for in this form."""
        if self._as_json:
            self._line({"objects": account.objects, "findings": account.findings, "announced": announced})

    def _line(self, said: Mapping[str, object]) -> None:
        self._console.file.write(f"{json.dumps(said)}\n")
