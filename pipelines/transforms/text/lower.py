"""`"lower"`: small letters, letter by letter.

>>> tried("lower", "Anna@Example.COM", "ÉCOLE")
['anna@example.com', 'école']
"""

from __future__ import annotations

from typing import Final

import pyarrow.compute as pc

from pipelines.transforms.distinct import without_argument
from pipelines.transforms.step import StepKind

LOWER: Final = StepKind("lower", without_argument(pc.utf8_lower))
