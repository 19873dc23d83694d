"""What a small file's check does not wait for."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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


_HEAVY = ("pandas", "pyspark", "sqlalchemy", "boto3", "jinja2", "fastapi", "rich.progress", "rich._emoji_codes")


def test_check_file_in_a_pipe_loads_nothing_it_does_not_need(tmp_path: Path) -> None:
    path = tmp_path / "trips.csv"
    path.write_text("id,name\n1,a\n")
    program = (
        f"import sys; sys.argv = ['pipeline-processing', 'check_file', {str(path)!r}]\n"
        "from jobs.cli import main\n"
        f"code = main(); print('loaded:', [name for name in {_HEAVY} if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: [] 0"
