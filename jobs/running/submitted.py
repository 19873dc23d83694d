"""Started by spark-submit.sh: what belongs on stderr goes there, and stdout is the job's result alone."""

from __future__ import annotations

import os
from contextlib import suppress

#: Where spark-submit.sh says that its stderr is.
VARIABLE = "PIPELINE_STDERR"


def take_own_stderr() -> None:
    """Write to the stderr of who called spark-submit.sh, where it says which that is.

    spark-submit gives the programs it starts one pipe for both, and puts all of it on its stdout. Where the other one
    cannot be had it stays so.
    """
    place = os.environ.pop(VARIABLE, None)
    if place is None:
        return
    with suppress(OSError):
        opened = os.open(place, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, 2)
        os.close(opened)
