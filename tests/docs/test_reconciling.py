"""docs/reconciling.md explains every finding there is, and says of each whether it matters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from dq.reconciling.comparison import MATTERS, Found, Gone

_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| (yes|no)", re.MULTILINE)


def test_every_finding_is_explained_and_what_matters_is_told() -> None:
    page = (Path(__file__).parents[2] / "docs/reconciling.md").read_text(encoding="utf-8")
    assert dict(_ROW.findall(page)) == {
        finding: "yes" if finding in MATTERS else "no" for finding in (*get_args(Found), *get_args(Gone))
    }
