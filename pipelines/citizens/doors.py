"""What the steps are put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from dq import ObjectStore
    from pipelines.citizens.warehouse.audit_trail import AuditTrail


@dataclass(frozen=True, slots=True)
class CitizensDoors:
    """The outside world of the steps.

    Attributes:
        warehouse: where the history is kept.
        root: CITIZENS_ROOT.
        region: PHONE_REGION.
        store: reads workbooks.
        trail: the account of this run.
        clock: gives the aware present.
    """

    warehouse: Engine
    root: Path
    region: str
    store: ObjectStore
    trail: AuditTrail
    clock: Callable[[], datetime]

    @property
    def land(self) -> Path:
        """Where workbooks lie as they came."""
        return self.root / "land"

    @property
    def clean(self) -> Path:
        """Where their clean rows are."""
        return self.root / "stage" / "clean"

    @property
    def rejected(self) -> Path:
        """Where the others are, with their reasons."""
        return self.root / "stage" / "rejected"
