"""The files that travel with the code: Spark's configuration, SQL, sample definitions."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_file(name: str) -> Path:
    """Where a file of `conf/` is, in a checkout as in an installed wheel.

    Args:
        name: path inside `conf/`, e.g. `spark/common.conf` or `sql/reporting.sql`.

    Raises:
        FileNotFoundError: the file is in neither place; the message names both.
    """
    places = [_PACKAGE / "conf" / name, _PACKAGE.parent / "conf" / name]
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(f"{name} is not shipped; looked for {' and '.join(map(str, places))}")
