"""The door to SQL Server: what its driver raises becomes this package's errors, as at the door to Postgres.

Messages carry the server's sentence without what it quotes of rows, and never the address. States are those of ODBC
(https://learn.microsoft.com/sql/odbc/reference/appendixes/appendix-a-odbc-error-codes), numbers those of the server
(https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from etl_core.errors import CatalogueError, DatabaseUnavailableError, PipelineError, SettingsError, TerminalError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine, ExceptionContext

_SETTING = "WAREHOUSE_URL"
_FORM = "mssql+pyodbc://user:password@host/database?driver=ODBC+Driver+18+for+SQL+Server"
#: The connection failed or was lost, a time ran out, a deadlock.
_RETRYABLE_STATES = re.compile(r"08...|4000[13]|HYT0[01]")
#: No memory, locks or room; a lock that was waited for; a server or database that starts, recovers or moves.
_RETRYABLE_NUMBERS = frozenset(
    {701, 921, 922, 952, 1105, 1204, 1205, 1222, 6005, 9002, 10928, 10929, 40197, 40501, 40613}
)
#: No such driver or data source, and a login or database that is refused.
_ADDRESS_STATES = frozenset({"IM002", "IM003", "28000"})
_ADDRESS_NUMBERS = frozenset({4060, 18452, 18456})
_CATALOGUE_NUMBERS = {207: "column", 208: "table", 229: "right", 230: "right", 262: "right", 916: "right"}
_NUMBER = re.compile(r"\((\d+)\)")
#: What stands before the server's own words, what it says after them of values, and values among them.
_ORIGIN = re.compile(r"\[[^\]]*\] ?")
_AFTER = re.compile(r"\s(?:The duplicate key value is|Truncated value:|\(\d+\) \(SQL|\(SQL\w+\)).*", re.DOTALL)
_VALUE = re.compile(r"(?<=value) '.*'(?= to data type)", re.DOTALL)


def connect_sql_server(address: str) -> Engine:
    """An engine on SQL Server, proven by one connection.

    Args:
        address: as SQLAlchemy writes it.

    Raises:
        SettingsError: the address cannot be used, or its driver is not there.
        DatabaseUnavailableError: no answer.
    """
    try:
        engine = create_engine(make_url(address), fast_executemany=True, hide_parameters=True)
    except (ArgumentError, ValueError):
        raise SettingsError(_SETTING, [f"is not an address; expected {_FORM}"]) from None
    except ImportError as error:
        problem = (
            f"names SQL Server, and its driver does not load ({error}); install pyodbc and Microsoft's ODBC driver"
        )
        raise SettingsError(_SETTING, [problem]) from None
    event.listen(engine, "handle_error", _translate)
    with engine.connect():
        pass
    return engine


def _translate(context: ExceptionContext) -> None:
    original = context.original_exception
    if isinstance(original, PipelineError) or not isinstance(context.sqlalchemy_exception, DBAPIError):
        return
    state, message = (*map(str, original.args), "", "")[:2]
    raise sql_server_error(state, message, lost=context.is_disconnect) from None


def sql_server_error(state: str, message: str, *, lost: bool = False) -> PipelineError:
    """What a failure is to whoever runs this.

    Args:
        state: of ODBC, five characters.
        message: as the driver writes it, numbers of errors in parentheses behind the sentence.
        lost: the connection is.
    """
    numbers = {int(found) for found in _NUMBER.findall(message)}
    said = _VALUE.sub("", _AFTER.sub("", _ORIGIN.sub("", " ".join(message.split())))).strip()
    sentence = f"SQL Server: {said or 'no message'} (SQLSTATE {state or 'unknown'})"
    if state in _ADDRESS_STATES or numbers & _ADDRESS_NUMBERS:
        return SettingsError(_SETTING, [f"{sentence}. Check driver, user, password, host and database name."])
    if lost or _RETRYABLE_STATES.fullmatch(state) or numbers & _RETRYABLE_NUMBERS:
        return DatabaseUnavailableError(sentence)
    for number in sorted(numbers & _CATALOGUE_NUMBERS.keys()):
        return CatalogueError("the warehouse", [f"a {_CATALOGUE_NUMBERS[number]} is missing: {sentence}"])
    return TerminalError(sentence)
