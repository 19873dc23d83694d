"""All steps that there are. A new one is one module and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipelines.transforms.text.digits import DIGITS
from pipelines.transforms.text.lower import LOWER
from pipelines.transforms.text.map_texts import MAP
from pipelines.transforms.text.null_if_blank import NULL_IF_BLANK
from pipelines.transforms.text.pad import PAD
from pipelines.transforms.text.squeeze import SQUEEZE
from pipelines.transforms.text.strip_accents import STRIP_ACCENTS
from pipelines.transforms.text.title import TITLE
from pipelines.transforms.text.trim import TRIM
from pipelines.transforms.text.upper import UPPER
from pipelines.transforms.values.address import ADDRESS
from pipelines.transforms.values.date import DATE
from pipelines.transforms.values.name import NAME
from pipelines.transforms.values.phone import PHONE
from pipelines.transforms.values.scale import SCALE
from pipelines.transforms.values.unit import UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.transforms.step import StepKind

#: By their name in a definition, in the order of the documentation.
STEPS: Final[Mapping[str, StepKind]] = {
    kind.name: kind
    for kind in (
        TRIM,
        SQUEEZE,
        NULL_IF_BLANK,
        UPPER,
        LOWER,
        TITLE,
        STRIP_ACCENTS,
        DIGITS,
        PAD,
        MAP,
        SCALE,
        UNIT,
        DATE,
        PHONE,
        NAME,
        ADDRESS,
    )
}
