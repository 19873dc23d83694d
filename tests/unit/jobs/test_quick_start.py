"""What a small file's check does not wait for."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from jobs.running.quick_start import leave_pandas_out
leave_pandas_out()
import pyarrow as pa
import dq.engine.profile_files
assert pa.array(["a", None]).to_pylist() == ["a", None]
sys.stdout.write(str("pandas" in sys.modules))
import pandas
sys.stdout.write(f" {pandas.Series([1]).sum()}")
"""


def test_the_engine_works_without_pandas_which_can_still_be_imported() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "False 1"
