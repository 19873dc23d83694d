"""How much more memory a process takes to profile one file than another."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROGRAM = """
import json, resource, sys
from dq.definitions import load_definition
from etl_core.objects.store import ObjectStore
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
store = ObjectStore()
definition = json.loads(sys.argv[1]) and load_definition(json.loads(sys.argv[1]))
peeks = [store.peek(None, path) for path in sys.argv[2:]]
rows = []
peaks = []
for number, peek in enumerate(peeks):
    rows.append(profile_files([SourceObject(number, peek, definition)], store=store)[number].rows_read)
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(*rows, peaks[1] - peaks[0])
"""


def rows_and_peak(first: Path, second: Path, definition: Mapping[str, Any] | None = None) -> list[int]:
    """The rows of both files, profiled one after the other in a process of its own, and the growth of its peak, MiB."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(definition), str(first), str(second)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in done.stdout.split()[-3:]]
