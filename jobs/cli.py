"""The console script: `pipeline-processing run JOB -- ARGS`, `pipeline-processing JOB ARGS`, `... list`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from etl_core.log.set_up import configure_logging
from jobs.console.output import outlast_reader
from jobs.registry import describe_job, job_names, load_job
from jobs.running.exit_codes import ExitCode, run_entrypoint
from jobs.running.job_run import run_job
from jobs.running.quick_start import leave_pandas_out
from jobs.running.submitted import take_own_stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Jobs that people wait for.
_QUICK = frozenset({"check_file", "check-file"})

#: Arguments that say which job is meant where none is named.
_AGENCIES = ("--agency-id", "--all-agencies", "--source-bucket", "--destination-bucket")
_OF_AGENCIES = "get_s3_files"

USAGE = """\
usage: pipeline-processing JOB [ARGS]
       pipeline-processing run JOB -- [ARGS]
       pipeline-processing list
       pipeline-processing --agency-id N [ARGS]

Scores the files that land in S3 and writes their verdicts to Postgres.

  list           the jobs, a line each
  --agency-id N  what get_s3_files takes, for images that pass arguments only
  JOB --help     what a job takes
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Dispatch one command line; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    take_own_stderr()
    if argv is None:
        outlast_reader()
    configure_logging()
    if argv is None and not _QUICK.isdisjoint(arguments[:2]):
        leave_pandas_out()
    return run_entrypoint(_dispatch, arguments)


def _dispatch(arguments: list[str]) -> int:
    match arguments:
        case []:
            sys.stderr.write(USAGE)
            return ExitCode.USAGE
        case ["-h" | "--help" | "help", *_]:
            sys.stdout.write(f"{USAGE}\njobs: {', '.join(job_names())}\n")
            return ExitCode.OK
        case ["list"]:
            return _list()
        case ["list", *_]:
            raise UsageError("list takes no arguments")
        case ["run"]:
            raise UsageError("run needs a job: pipeline-processing run JOB -- ARGS")
        case [first, *_] if first.startswith("--") and any(one.partition("=")[0] in _AGENCIES for one in arguments):
            return run_job(load_job(_OF_AGENCIES), arguments)
        case ["run", name, "--", *rest] | ["run", name, *rest] | [name, *rest]:
            return run_job(load_job(name), rest)
    raise AssertionError(arguments)


def _list() -> int:
    width = max(len(name) for name in job_names())
    for name in job_names():
        sys.stdout.write(f"{name:{width}}  {describe_job(name)}\n")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
