"""A progress display on a terminal; nothing anywhere else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

    from dq.batch.batch_counts import BatchCounts


@contextmanager
def show_share(console: Console, what: str) -> Iterator[Callable[[float], None]]:
    """Show how far one long thing has come; yields the function to tell the share, from 0 to 1.

    Args:
        console: the one log lines go to.
        what: a word or two in front.
    """
    if not console.is_terminal:
        yield lambda _share: None
        return
    from rich.progress import TaskProgressColumn

    with _display(console, TaskProgressColumn()) as progress:
        task = progress.add_task(what, total=None)

        def tell(share: float) -> None:
            progress.update(task, total=1.0, completed=share)

        yield tell


@contextmanager
def show_progress(console: Console, what: str, total: int | None = None) -> Iterator[Callable[[BatchCounts], None]]:
    """Show how many objects are through, by state; yields the function to tell each batch's counts.

    Args:
        console: the one log lines go to, so that both stay readable.
        what: a word or two in front.
        total: how many objects are expected; None when nobody knows.
    """
    if not console.is_terminal:
        yield lambda _counts: None
        return
    from rich.progress import MofNCompleteColumn, TextColumn

    states: dict[str, int] = {}
    with _display(console, MofNCompleteColumn(), TextColumn("{task.fields[states]}")) as progress:
        task = progress.add_task(what, total=total, states="")

        def tell(counts: BatchCounts) -> None:
            for state, count in counts.states.items():
                states[state] = states.get(state, 0) + count
            shown = ", ".join(f"{count} {state}" for state, count in states.items())
            progress.update(task, advance=counts.announced, states=shown)

        yield tell


def _display(console: Console, *figures: ProgressColumn) -> Progress:
    """A display with `figures` between its bar and its clock."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    before = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    return Progress(*before, *figures, TimeElapsedColumn(), console=console, transient=True)
