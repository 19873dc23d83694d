"""What boto3 raises about objects, as this package's errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl_core.errors import ObjectGoneError, PipelineError, StorageUnavailableError, TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError

_GONE = frozenset(
    {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "412", "PreconditionFailed", "405", "MethodNotAllowed"}
)
_REFUSED = frozenset({"403", "AccessDenied", "NoSuchBucket", "InvalidBucketName", "400", "InvalidObjectState"})
_PRECONDITION = frozenset({"412", "PreconditionFailed"})
#: Another write to the same key was under way; S3 wants the request again.
_BUSY = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})


class ObjectRefusedError(TerminalError):
    """The object store will not hand out or take this object, now or later."""


class ObjectConflictError(TerminalError):
    """Where an object should be written is one of other content; it was left as it is."""


def code_of(error: ClientError) -> str:
    """What the object store answered: a name such as `NoSuchKey`, or a number of HTTP."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_precondition(error: ClientError) -> bool:
    """Whether a condition of the request did not hold."""
    return code_of(error) in _PRECONDITION


def is_busy(error: ClientError) -> bool:
    """Whether somebody else was writing the same object."""
    return code_of(error) in _BUSY


@contextmanager
def named_failures(uri: str) -> Iterator[None]:
    """Have what boto3 raises in the block raised as this package's errors, about `uri`.

    Raises:
        ObjectGoneError: that version is not there.
        ObjectRefusedError: it will not be had or taken.
        StorageUnavailableError: no answer, or a failure that may pass.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

    try:
        yield
    except ClientError as error:
        raise _named(code_of(error), uri) from error
    except BotoCoreError as error:
        message = f"{uri}: the object store did not answer ({type(error).__name__}); trying again may help"
        raise StorageUnavailableError(message) from error
    except OSError as error:
        message = f"{uri}: the connection broke while reading; trying again may help"
        raise StorageUnavailableError(message) from error


def _named(code: str, uri: str) -> PipelineError:
    if code in _GONE:
        return ObjectGoneError(f"{uri}: the announced version is gone ({code}); a newer one is announced apart")
    if code in _REFUSED:
        return ObjectRefusedError(f"{uri}: the object store refused it ({code}); check the bucket's name and rights")
    return StorageUnavailableError(f"{uri}: the object store failed ({code}); trying again may help")
