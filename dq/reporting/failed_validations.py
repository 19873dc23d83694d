"""One row of monitoring_file_failed_validation for each rule that failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy

from dq.reporting.catalogue.expected import FAILED_VALIDATION
from dq.reporting.table_writer import TableWriter
from etl_core.postgres.transaction import prepare
from etl_core.storable import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RowId
    from dq.verdict.verdict import Verdict
    from etl_core.postgres.transaction import Transaction

#: Column of the table by key of a failed rule; the rule's other keys go into `details`.
_COLUMNS = {
    "rule": "rule_id",
    "dimension": "dimension",
    "column": "column_name",
    "severity": "severity",
    "failed": "failed_count",
    "checked": "checked_count",
}
_COMPARED = (*_COLUMNS.values(), "details")


class FailedValidations:
    """Replaces the failed rules of a run; rows that are as they should be stay, ids and all."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Write to the table of `catalogue`."""
        self._writer = TableWriter(catalogue.table(FAILED_VALIDATION), key=("id",))
        rows = self._writer.rows
        of_run = rows.c.monitoring_file_run_id == sqlalchemy.bindparam("run_id")
        compared = sqlalchemy.select(*(rows.c[name] for name in _COMPARED))
        self._standing = prepare(compared.where(of_run).order_by(rows.c.id))
        self._deletion = prepare(sqlalchemy.delete(rows).where(of_run))

    def replace(
        self, transaction: Transaction, run_id: RowId, verdict: Verdict, now: datetime, *, is_new: bool
    ) -> None:
        """Make the run's rows those of `verdict.failed_validation_rules`, in their order.

        A run that `is_new` should have none; those it has nevertheless go, whatever they are.
        """
        wanted = [_values(rule) for rule in verdict.failed_validation_rules]
        if not is_new:
            standing = transaction.ask(self._standing, {"run_id": run_id}).rows
            if standing == [_as_stored(values) for values in wanted]:
                return
        transaction.send(self._deletion, {"run_id": run_id})
        if wanted:
            keys = {"monitoring_file_run_id": run_id, "created_at": now}
            self._writer.insert_all(transaction, [{**keys, **values} for values in wanted], now)


def _values(rule: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {column: rule.get(key) for key, column in _COLUMNS.items()}
    if isinstance(values["column_name"], list | tuple):
        values["column_name"] = ", ".join(values["column_name"])
    values["details"] = {key: value for key, value in rule.items() if key not in _COLUMNS}
    return values


def _as_stored(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """As Postgres gives them back, up to narrow columns; a difference costs a rewrite, no more."""
    return tuple(json.loads(json_text(values[name])) for name in _COMPARED)
