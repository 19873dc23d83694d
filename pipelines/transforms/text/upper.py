"""`"upper"`: capital letters, letter by letter.

>>> tried("upper", "ca", "Zürich", "straße")
['CA', 'ZÜRICH', 'STRAẞE']
"""

from __future__ import annotations

from typing import Final

import pyarrow.compute as pc

from pipelines.transforms.distinct import without_argument
from pipelines.transforms.step import StepKind

UPPER: Final = StepKind("upper", without_argument(pc.utf8_upper))
