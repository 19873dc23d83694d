"""Many objects lifted at once: few small ones in this process, all others as Spark's tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dq import Limits, PipelineError, is_small_work, named_fault
from pipelines.lake.lifting.lift_part import Lifted, Lifting, lift_whole

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def lift_objects(
    liftings: Mapping[int, Lifting], session: Callable[[], SparkSession], limits: Limits
) -> dict[int, Lifted | PipelineError]:
    """Read objects and write their rows to where they belong; an error is a value, so that it stays with its object.

    Args:
        liftings: by the ids of their objects.
        session: gives Spark's session, started when it is first asked for.
        limits: on the memory and the time that reading one part of an object takes.
    """
    if is_small_work([one.wanted.rows.head.size for one in liftings.values()]):
        return {id_: _lifted_here(lifting, limits) for id_, lifting in liftings.items()}
    from pipelines.lake.spark.lift_in_tasks import lift_in_tasks  # noqa: PLC0415 - loads Spark

    return lift_in_tasks(session(), liftings, limits)


def _lifted_here(lifting: Lifting, limits: Limits) -> Lifted | PipelineError:
    try:
        return lift_whole(lifting)
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        return named_fault(lifting.wanted.rows.head.uri, error, limits)
