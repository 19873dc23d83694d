"""All steps in their order, from whatever state there is; each also by itself.

`python -m pipelines.citizens.run_pipeline`, `python -m pipelines.citizens.ingest FILE` and so on do what the job
`citizens` does, with the settings of this directory.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from dq import ObjectStore
from etl_core.errors import (
    CatalogueError,
    PipelineError,
    ProblemsError,
    RetryableError,
    SettingsError,
    TerminalError,
    UsageError,
)
from etl_core.log.set_up import configure_logging
from etl_core.log.settings import LogSettings
from etl_core.postgres.embedded import embedded_postgres
from etl_core.settings import Settings, read_rooms
from pipelines.citizens.dismiss import dismiss
from pipelines.citizens.doors import CitizensDoors
from pipelines.citizens.files.part_file import sweep_parts
from pipelines.citizens.ingest import Expected, ingest
from pipelines.citizens.months import expected_instead, read_month
from pipelines.citizens.publish import publish
from pipelines.citizens.settings import CitizensSettings
from pipelines.citizens.status import status_lines
from pipelines.citizens.transform import rebuild_all, roll_back, roll_forward, to_transform, transform
from pipelines.citizens.validate import to_validate, validate
from pipelines.citizens.warehouse.audit_trail import AuditTrail
from pipelines.citizens.warehouse.connecting import connect_warehouse, make_warehouse, require_warehouse
from pipelines.citizens.warehouse.landings import Landing, landings, named, standing_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

log = structlog.get_logger()

#: Exit codes: all done; something of a workbook stopped; wrong arguments; it may go well later.
OK, FAILED, USAGE, TRY_AGAIN = 0, 1, 2, 75
_EMBEDDED = Path(".data") / "postgres"


@contextmanager
def open_doors(settings: CitizensSettings, *, run_id: str, clock: Callable[[], datetime]) -> Iterator[CitizensDoors]:
    """The warehouse of WAREHOUSE_URL, or one in the embedded Postgres with its tables made; closed in the end.

    Raises:
        SettingsError, CatalogueError, DatabaseUnavailableError, WarehouseError: it cannot be used.
    """
    with ExitStack() as own:
        address = settings.warehouse_url
        if address is None:
            server = own.enter_context(embedded_postgres(_EMBEDDED))
            log.warning("no WAREHOUSE_URL is set: the warehouse is in the embedded Postgres", directory=str(_EMBEDDED))
        engine = connect_warehouse(server.dsn if address is None else address.get_secret_value())
        own.callback(engine.dispose)
        if address is None:
            make_warehouse(engine)
        trail = AuditTrail(engine, run_id, clock)
        try:
            require_warehouse(engine)
        except CatalogueError as error:
            trail.refuse_start(error)
            raise
        root = Path(settings.citizens_root)
        yield CitizensDoors(engine, root, settings.phone_region, ObjectStore(), trail, clock)


def run(doors: CitizensDoors) -> int:
    """Bring everything that landed to the end; workbooks that stop do not stop the others. Gives the exit code.

    It is that of a failure as long as one of them stands stopped: whoever runs it again must not take that for done.
    """
    code = max(validate_all(doors), transform_all(doors))
    publish(doors)
    return code


def validate_all(doors: CitizensDoors) -> int:
    """Look at every workbook that was not looked at; a failure as long as one stands stopped, from now or before."""
    sweep_parts(doors.clean)
    sweep_parts(doors.rejected)
    code = _each(to_validate(doors), lambda landing: validate(landing, doors).status == "passed")
    with doors.warehouse.connect() as connection:
        standing = standing_failures(landings(connection, doors.root))
    if not standing:
        return code
    hint = "land them mended, or say with `citizens dismiss FILE` that one is not wanted"
    log.warning("workbooks stand stopped", count=len(standing), workbooks=named(standing), hint=hint)
    return FAILED


def transform_all(doors: CitizensDoors) -> int:
    """Load every workbook whose clean rows are in no load."""

    def load(landing: Landing) -> bool:
        transform(landing, doors)
        return True

    return _each(to_transform(doors), load)


def _each(waiting: Iterable[Landing], step: Callable[[Landing], bool]) -> int:
    """Take workbooks through a step, which says whether they go on; one that cannot be helped stops by itself."""
    code = OK
    for landing in waiting:
        try:
            goes_on = step(landing)
        except ProblemsError:
            raise  # of the warehouse or the settings: it is the same for all
        except TerminalError as error:
            log.error("a workbook stops", file=landing.file_name, error=error)  # noqa: TRY400 - a line for people
            goes_on = False
        code = code if goes_on else FAILED
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run a step by itself, as `python -m` does; the exit code. Errors are one line."""
    arguments = parser("pipelines.citizens").parse_args(["run"] if argv is None else list(argv))
    try:
        settings = read_rooms((CitizensSettings, LogSettings))
    except SettingsError as error:
        configure_logging("INFO", ())  # the level is one of what could not be read
        log.error("failed", error=error)  # noqa: TRY400 - a line for people
        return USAGE
    configure_logging(settings[LogSettings].log_level, settings.secrets())
    try:
        return carry_out(arguments, settings, run_id=uuid.uuid4().hex, write=print)  # noqa: TID251 - this program's edge
    except PipelineError as error:
        log.error("failed", error=error)  # noqa: TRY400 - a line for people
        return code_of(error)


def code_of(error: PipelineError) -> int:
    """The exit code for what stopped a step."""
    if isinstance(error, UsageError | ProblemsError):
        return USAGE
    return TRY_AGAIN if isinstance(error, RetryableError) else FAILED


def carry_out(arguments: argparse.Namespace, settings: Settings, *, run_id: str, write: Callable[[str], object]) -> int:
    """Do what the command line says.

    Args:
        arguments: of `parser`.
        settings: with those of citizens.
        run_id: of the account's lines.
        write: shows a line of output.
    """
    month = _month(arguments)
    with open_doors(settings[CitizensSettings], run_id=run_id, clock=_present) as doors:
        match arguments.step:
            case "ingest":
                return _ingest_all(arguments.files, doors, Expected(arguments.kind, month, arguments.snapshot_cell))
            case "validate":
                return validate_all(doors)
            case "transform":
                return _transform(arguments, doors)
            case "publish":
                publish(doors)
            case "dismiss":
                dismiss(arguments.file, month, doors)
            case "rebuild":
                return FAILED if rebuild_all(doors) else OK
            case "status":
                for line in status_lines(doors):
                    write(line)
            case _:
                return run(doors)
    return OK


def _transform(arguments: argparse.Namespace, doors: CitizensDoors) -> int:
    """Load what waits, or turn one load and publish the months that change by it."""
    if arguments.rollback is not None:
        roll_back(arguments.rollback, doors)
    elif arguments.reload is not None:
        roll_forward(arguments.reload, doors)
    else:
        return transform_all(doors)
    publish(doors)
    return OK


def parser(program: str) -> argparse.ArgumentParser:
    """The command line of all steps."""
    made = argparse.ArgumentParser(prog=program, description=__doc__.partition("\n")[0] if __doc__ else None)
    steps = made.add_subparsers(dest="step", required=True, metavar="STEP")
    landing = steps.add_parser("ingest", help="copy workbooks to where they are kept, each once by its content")
    landing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="such as citizens_2026-01.xlsx")
    landing.add_argument("--snapshot", metavar="YYYY-MM", help="the month they are of, where their names do not say it")
    landing.add_argument("--snapshot-cell", metavar="[SHEET!]CELL", help="where the month stands in them, such as B2")
    landing.add_argument("--kind", help="citizens or phones, where their names do not say it")
    unwanted = steps.add_parser("dismiss", help="say of a workbook that stands stopped that it is not wanted")
    unwanted.add_argument("file", metavar="FILE", help="its name, as `status` shows it")
    unwanted.add_argument(
        "--snapshot", metavar="YYYY-MM", help="the month it is of, where several have one that stopped"
    )
    steps.add_parser("validate", help="split the rows of landed workbooks into clean and rejected ones")
    loading = steps.add_parser("transform", help="load clean rows into the history, or take a load back")
    turn = loading.add_mutually_exclusive_group()
    turn.add_argument(
        "--rollback", type=int, metavar="VERSION", help="take this load back, the newest or any other, and publish"
    )
    turn.add_argument(
        "--reload", type=int, metavar="VERSION", help="bring back a load that was taken back, and publish"
    )
    steps.add_parser("publish", help="bring the mart to what the history says")
    steps.add_parser("run", help="everything that is not done yet, in its order")
    steps.add_parser("rebuild", help="compute the histories anew from the stage; exit 1 where they were others")
    steps.add_parser("status", help="where every workbook stands")
    return made


def _present() -> datetime:
    return datetime.now(timezone.utc)  # noqa: TID251 - this program's edge


def _month(arguments: argparse.Namespace) -> date | None:
    """The first day of the month that the command line says, where the step is about one."""
    text: str | None = vars(arguments).get("snapshot")
    month = None if text is None else read_month(text)
    if text is not None and month is None:
        raise UsageError(f"--snapshot {text!r} is no month; expected one such as 2026-01")
    if month is not None and (reason := expected_instead(month, _present().date())):
        raise UsageError(f"--snapshot {text!r} is too far off; {reason}")
    return month


def _ingest_all(files: Sequence[Path], doors: CitizensDoors, expected: Expected) -> int:
    """Land all of them; one that cannot land does not keep the others from it, also where nobody expected why."""
    sweep_parts(doors.land)
    codes, unexpected = [OK], list[Exception]()
    for path in files:
        try:
            ingest(path, doors, expected)
        except PipelineError as error:  # noqa: PERF203 - each for itself
            log.error("not landed", file=str(path), error=error)  # noqa: TRY400 - a line for people
            codes.append(code_of(error))
        except Exception as error:  # noqa: BLE001 - it goes on to whoever called when the others have landed
            unexpected.append(error)
    if unexpected:
        raise unexpected[0]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["run"]))
