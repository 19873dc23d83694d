"""Watch a stream of records: good ones are enriched and sent on, all others become dead letters, each with its reason.

Every offset is accounted for in the database, where the next start goes on; the hours of the stream get a verdict each.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import structlog

from etl_core.metrics.settings import MetricsSettings
from etl_core.spark.profiles import RECORDS
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note
from pipelines.records.settings import KafkaSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dq import Counts
    from jobs.running.wiring import Program

log = structlog.get_logger()


def main(argv: list[str], program: Program | None = None) -> int:
    """Watch until stopped, or read what is there; `program` has other settings than those of the environment."""
    arguments = _parser().parse_args(argv)
    from etl_core.metrics.publishing import left_in_file, served
    from jobs.records.doors import (
        checkpoint_root,
        open_accounts,
        open_flow,
        require_client,
        stream_doors,
        topic_address,
    )
    from jobs.running.sessions import Sessions
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from pipelines.records.stream.record_stream import RecordStream

    require_client()
    program = program or start()
    settings, flow = program.settings, open_flow(arguments.flow)
    metrics, sessions = settings[MetricsSettings], Sessions(settings, RECORDS)
    note(
        step="once" if arguments.once else "watch",
        subject=f"flow {flow.name}",
        inputs=(topic_address(settings, flow.source.topic),),
        outputs=(topic_address(settings, flow.target.topic), topic_address(settings, flow.dead_letters)),
    )
    with StopRequest() as stop, open_accounts(settings) as database:

        def session() -> SparkSession:
            """The session; starting it puts other handlers of signals in place."""
            found = sessions()
            stop.listen()
            return found

        doors = stream_doors(settings, database, flow)
        try:
            with (
                left_in_file(doors.metrics.registry, metrics.metrics_file),
                served(doors.metrics.registry, metrics.metrics_port),
            ):
                stream = RecordStream(
                    doors,
                    flow,
                    session,
                    checkpoints=checkpoint_root(settings),
                    most_offsets=settings[KafkaSettings].max_offsets_per_trigger,
                    accept_loss=arguments.accept_loss,
                )
                try:
                    if arguments.once:
                        stream.drain(stop)
                    else:
                        log.info("watching", flow=flow.name, topic=flow.source.topic)
                        stream.watch(stop)
                finally:
                    _note(stream.totals)
        finally:
            sessions.close()
        cut_short = arguments.once and stop.is_set()
    log.info("stopped", flow=flow.name)
    return ExitCode.TRY_AGAIN if cut_short else ExitCode.OK


def _note(totals: Counts) -> None:
    ended = f"{totals.processed} processed + {totals.dead} dead + {totals.tombstones} tombstones"
    note(message=f"{totals.consumed} consumed = {ended}", rows_in=totals.consumed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing watch_records", description=__doc__)
    parser.add_argument("flow", metavar="FLOW", help="a flow that comes with the program, or the path of a YAML file")
    parser.add_argument("--once", action="store_true", help="read what is there, then end")
    parser.add_argument(
        "--accept-loss",
        action="store_true",
        help="go on where the topic no longer has records that were not read yet; they are accounted for as lost",
    )
    return parser


JOB = (main, "check a stream of records, send good ones on, keep the others as dead letters")
