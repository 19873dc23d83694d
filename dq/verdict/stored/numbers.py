"""Numbers and values of what is stored, with the bounds that their JSON Schemas have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias


@dataclass(frozen=True, slots=True)
class Within:
    """The bounds of a number; None where there is none."""

    least: int = 0
    most: int | None = None


Count: TypeAlias = Annotated[int, Within()]
#: Of something that is only told where there is any.
Some: TypeAlias = Annotated[int, Within(least=1)]
Amount: TypeAlias = Annotated[float, Within()]
Share: TypeAlias = Annotated[float, Within(most=1)]
#: A value of a column.
Scalar: TypeAlias = "str | float | bool | None"
