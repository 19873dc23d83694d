"""One file on the threads of this process: how far it has come, where it runs, and that it can be stopped."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from dq.engine.profile_files import judge_sources, profile_sources
from dq.engine.small import BYTES_A_CORE, is_done_here
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from etl_core.objects.store import ObjectStore
from jobs.console.progress import show_share

if TYPE_CHECKING:
    from pathlib import Path

STORE = ObjectStore()


@pytest.fixture
def source(tmp_path: Path) -> SourceObject:
    """A file that small limits cut into ten parts."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"id,name\n" + b"".join(b"%d,n%d\n" % (at, at % 7) for at in range(5000)))
    return SourceObject(0, STORE.peek(None, str(path)), None)


def test_the_share_that_is_read_grows_from_part_to_part_up_to_all(source: SourceObject) -> None:
    shares: list[float] = []
    found = judge_sources([source], store=STORE, limits=Limits(split=4000, block=1000), progress=shares.append)
    assert len(shares) == 10
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert found[0] == judge_sources([source], store=STORE, limits=Limits(split=4000, block=1000))[0]


def test_an_interruption_ends_the_threads_before_the_parts_are_read(source: SourceObject) -> None:
    """What a person's Ctrl-C raises in the main thread."""
    shares: list[float] = []

    def interrupted(share: float) -> None:
        shares.append(share)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge_sources([source], store=STORE, limits=Limits(split=4000, block=1000), progress=interrupted)
    assert len(shares) == 1


def test_merging_part_by_part_gives_what_merging_all_at_once_gives(
    source: SourceObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, also where there are several groups of parts."""
    whole = profile_sources([source], store=STORE, limits=Limits(split=4000, block=1000), keep_states=True)
    monkeypatch.setattr("dq.engine.byte_ranges.local_executor.GROUP", 3)
    grouped = profile_sources([source], store=STORE, limits=Limits(split=4000, block=1000), keep_states=True)
    assert grouped == whole


@pytest.mark.parametrize(
    ("size", "is_local", "here"),
    [(10**13, True, True), (2 * BYTES_A_CORE, False, True), (2 * BYTES_A_CORE + 1, False, False)],
)
def test_a_local_file_is_always_done_here_and_an_object_while_it_fits_the_machine(
    size: int,
    is_local: bool,  # noqa: FBT001 - parametrized
    here: bool,  # noqa: FBT001 - parametrized
) -> None:
    assert is_done_here(size, 2, is_local=is_local) == here


def test_progress_is_shown_on_a_terminal_and_nowhere_else() -> None:
    shown = {}
    for terminal in (True, False):
        out = io.StringIO()
        with show_share(Console(file=out, force_terminal=terminal, width=80), "reading") as tell:
            tell(0.25)
        shown[terminal] = out.getvalue()
    assert "reading" in shown[True]
    assert shown[False] == ""
