"""A quicker start for a process that does one small thing."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


def leave_pandas_out() -> None:
    """Have pyarrow take pandas for missing.

    pyarrow imports pandas, where there is one, at its first conversion of a Python list, in case the
    list is a series: a third of what `check_file` takes for a small file. Only for a process of our
    own: what somebody else in it wants converted to pandas later would fail. pandas itself can still
    be imported.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([None])  # it looks once and remembers
    finally:
        sys.meta_path.remove(hidden)


class _Hidden(MetaPathFinder):
    """Finds that there is no pandas."""

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(f"no module named {fullname!r}", name=fullname)
