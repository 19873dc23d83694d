"""The whole profile payload."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from dq.verdict.stored.figures import CompletenessOverview, StatisticalSummary, UniquenessOverview
from dq.verdict.stored.issues import BoundsAnomalies, TypeFormatIssues
from dq.verdict.stored.numbers import Count
from dq.verdict.stored.values import LeftOut, SampleData, ValueDistributions


class ProfilePayload(TypedDict):
    """Everything that was counted in a file."""

    version: Annotated[
        Count,
        "2: `truncated` holds objects, it held sentences before. Raised whenever a key changes its meaning.",
    ]
    statisticalSummary: Annotated[StatisticalSummary, "The figures of the file and of each column."]
    completenessOverview: Annotated[CompletenessOverview, "Nulls."]
    typeFormatIssues: Annotated[TypeFormatIssues, "Rows and cells that are not what they should be."]
    uniquenessOverview: Annotated[UniquenessOverview, "Repeats."]
    valueDistributions: Annotated[ValueDistributions, "How values are distributed."]
    boundsAnomalies: Annotated[BoundsAnomalies, "Cells out of bounds, and rows that break rules over their cells."]
    sampleData: Annotated[SampleData, "Some rows."]
    truncated: Annotated[
        list[LeftOut],
        "What was left out, so that the payload fits; empty when everything is there.",
    ]
