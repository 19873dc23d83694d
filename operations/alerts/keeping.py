"""The alerts that are kept: read and changed in sets, thousands as quickly as one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from operations.alerts.deciding.alert import Alert, severity_of
from operations.alerts.tables import alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.engine import Connection, Engine

    from operations.alerts.deciding.alert import Condition, Kind
    from operations.alerts.deciding.changes import Changes
    from operations.alerts.deciding.telling import Due, Telling

_A: Final = alert.c
_FIELDS: Final = tuple(Alert.__dataclass_fields__)
_OPEN: Final = text("""
    INSERT INTO pipeline.alert (kind, subject, severity, text, agency, to_slack, opened_at, last_seen_at)
    SELECT r.kind, r.subject, r.severity, r.text, r.agency, r.to_slack, :now, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r(kind text, subject text, severity text, text text, agency text, to_slack boolean)
""")
_SEEN: Final = text("""
    UPDATE pipeline.alert a
    SET last_seen_at = greatest(a.last_seen_at, :now), severity = r.severity, text = r.text, agency = r.agency,
        to_slack = r.to_slack
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r(id bigint, severity text, text text, agency text, to_slack boolean)
    WHERE a.id = r.id
""")
_IDS: Final = bindparam("ids", type_=ARRAY(BigInteger))
_THESE: Final = _A.id == func.any(_IDS)
_RESOLVE: Final = (
    update(alert)
    .where(_THESE)
    .values(resolved_at=func.greatest(_A.last_seen_at, bindparam("now", type_=_A.opened_at.type)))
)
_TOLD: Final = update(alert).where(_THESE).values(notified_at=bindparam("now", type_=_A.opened_at.type))
_END_TOLD: Final = update(alert).where(_THESE).values(resolution_told=True)


def open_alerts(connection: Connection) -> tuple[Alert, ...]:
    """The alerts that are open, the oldest first."""
    return _alerts(connection, _select().where(_A.resolved_at.is_(None)))


def alerts_to_tell(connection: Connection) -> tuple[Alert, ...]:
    """Those that are open, and those that are over and somebody may have to hear of it."""
    untold = _A.resolved_at.is_not(None) & _A.notified_at.is_not(None) & ~_A.resolution_told
    return _alerts(connection, _select().where(or_(_A.resolved_at.is_(None), untold)))


def keep(connection: Connection, changed: Changes, critical: frozenset[Kind], now: datetime) -> None:
    """Open, bring up to date, and end; a clock that went back moves no alert back."""

    def values(one: Condition) -> dict[str, Any]:
        severity = severity_of(one.kind, critical)
        return {"severity": severity, "text": one.text, "agency": one.agency, "to_slack": one.to_slack}

    if changed.opened:
        rows = [{"kind": one.kind, "subject": one.subject, **values(one)} for one in changed.opened]
        connection.execute(_OPEN, {"rows": json.dumps(rows), "now": now})
    if changed.seen:
        rows = [{"id": known.id, **values(one)} for known, one in changed.seen]
        connection.execute(_SEEN, {"rows": json.dumps(rows), "now": now})
    if changed.resolved:
        connection.execute(_RESOLVE, {"ids": [one.id for one in changed.resolved], "now": now})


def note_told(connection: Connection, told: Sequence[Telling], due: Due, now: datetime) -> None:
    """Note what was put in the outbox, and what needs no message any more."""
    for statement, ids in (
        (_TOLD, [one.alert.id for one in told if one.news != "resolved"] + [one.id for one in due.ahead]),
        (_END_TOLD, [one.alert.id for one in told if one.news == "resolved"] + [one.id for one in due.silent]),
    ):
        if ids:
            connection.execute(statement, {"ids": ids, "now": now} if statement is _TOLD else {"ids": ids})


def open_by_kind(engine: Engine) -> dict[tuple[str, str], int]:
    """How many alerts are open, by kind and severity."""
    counted = select(_A.kind, _A.severity, func.count()).where(_A.resolved_at.is_(None)).group_by(_A.kind, _A.severity)
    with engine.connect() as connection:
        return {(kind, severity): count for kind, severity, count in connection.execute(counted)}


def _select() -> Select[Any]:
    return select(*(_A[name] for name in _FIELDS)).order_by(_A.id)


def _alerts(connection: Connection, query: Select[Any]) -> tuple[Alert, ...]:
    rows: Iterable[Any] = connection.execute(query)
    return tuple(Alert(*row) for row in rows)
