"""A workbook into one table the way notebooks do it: pandas, openpyxl, `to_sql`; no checks, no history."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.citizens.warehouse.connecting import connect_warehouse
from tests.bench.contestant import Work, serve
from tests.bench.tuned_postgres import tuned_postgres

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Engine


def main() -> None:
    """Start the server and answer."""
    with ExitStack() as stack:
        serve(lambda: _prepare(stack))


def _prepare(stack: ExitStack) -> Mapping[str, Work]:
    sys.path.append(os.environ["PEER_PACKAGES"])
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-"))
    Path(folder).chmod(0o755)  # the server's own user has to enter it
    server = stack.enter_context(tuned_postgres(Path(folder) / "postgres"))
    engine = connect_warehouse(server.dsn)
    return {"to_sql": lambda path: _to_sql(engine, path)}


def _to_sql(engine: Engine, path: str) -> None:
    frame = pd.read_excel(path, engine="openpyxl")
    frame.to_sql("citizens", engine, if_exists="replace", index=False, method="multi", chunksize=1_000)


if __name__ == "__main__":
    main()
