"""What boto3 raises about objects, as this package's errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from etl_core.aws_set_up import CHECK_PLACE, wrong_set_up
from etl_core.errors import (
    ObjectGoneError,
    ObjectReplacedError,
    PipelineError,
    RetryableError,
    StorageUnavailableError,
    TerminalError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError, ClientError

#: What is the matter where the object store refuses something.
RefusalKind: TypeAlias = Literal["keys", "session", "clock", "place", "bucket", "archived", "rights", "kms"]
#: Kinds that hold for every object of the bucket.
WHOLE_BUCKET: frozenset[RefusalKind] = frozenset({"keys", "session", "clock", "place", "bucket"})

_GONE = frozenset({"404", "NoSuchKey", "NotFound", "405", "MethodNotAllowed"})
_NO_VERSION = frozenset({"NoSuchVersion"})
_PRECONDITION = frozenset({"412", "PreconditionFailed"})
_KEYS = "check S3_ACCESS_KEY and S3_SECRET_KEY, or the profile or role that signs in"
#: What the object store refuses, by its codes: of which kind it is, and what to do.
_REFUSALS: tuple[tuple[frozenset[str], RefusalKind, str], ...] = (
    (
        frozenset(
            {
                *("InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidClientTokenId"),
                *("InvalidToken", "InvalidSecurity", "MissingAuthenticationToken", "MissingSecurityHeader"),
                *("NotSignedUp", "AccountProblem", "UnauthorizedAccess"),
                "XAdminUserNotFound",  # versitygw's, with HTTP's 404
            }
        ),
        "keys",
        _KEYS,
    ),
    (frozenset({"ExpiredToken", "TokenRefreshRequired"}), "session", "the session has ended; sign in again"),
    (frozenset({"RequestTimeTooSkewed"}), "clock", "the clock of this machine is wrong; set it"),
    (
        frozenset(
            {
                *("AuthorizationHeaderMalformed", "PermanentRedirect", "301", "IllegalLocationConstraintException"),
                *("InvalidRegion", "AuthorizationQueryParametersError"),
            }
        ),
        "place",
        CHECK_PLACE,
    ),
    (
        frozenset({"NoSuchBucket", "InvalidBucketName", "400"}),
        "bucket",
        "check the bucket's name, S3_REGION and S3_ENDPOINT",
    ),
    (frozenset({"InvalidObjectState"}), "archived", "it is archived; have it restored"),
    (
        frozenset({"403", "AccessDenied", "AllAccessDisabled"}),
        "rights",
        "the role that signs in needs the right to read it",
    ),
)
#: How the codes begin of a key that encrypts objects and cannot be used.
_KMS = "KMS."
_KMS_HINT = "the key that encrypts it has to be enabled, and the role that signs in needs kms:Decrypt"
#: Another write to the same key was under way; S3 wants the request again.
_BUSY = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})


class ObjectRefusedError(RetryableError):
    """The object store will not hand out or take this object before somebody sets something right.

    `kind` says what: those of `WHOLE_BUCKET` are refused alike for all objects of the bucket.
    """

    def __init__(self, message: str, kind: RefusalKind = "rights") -> None:
        """Keep the kind."""
        super().__init__(message)
        self.kind = kind


class ObjectConflictError(TerminalError):
    """Where an object should be written is one of other content; it was left as it is."""


def code_of(error: ClientError) -> str:
    """What the object store answered: a name such as `NoSuchKey`, or a number of HTTP."""
    return str(error.response.get("Error", {}).get("Code", ""))


def answer_behind(error: BaseException) -> tuple[str | None, int | None]:
    """Give the object store's code and HTTP status that an error goes back to; None where it answered nothing."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ClientError):
            status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return code_of(cause), None if status is None else int(status)
        cause = cause.__cause__
    return None, None


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
        ObjectGoneError: there is no such object, or no such version, or none can be called so.
        ObjectReplacedError: another version has taken its place.
        ObjectRefusedError: it will not be had or taken: a setting, a right or a name is wrong.
        StorageUnavailableError: no answer, or a failure that may pass.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

    try:
        yield
    except (ClientError, BotoCoreError, OSError) as error:
        raise named(error, uri) from error


def named(error: ClientError | BotoCoreError | OSError, uri: str) -> PipelineError:
    """What boto3 raised about `uri`, as an error of this package: by what can be done about it."""
    from botocore.exceptions import (  # noqa: PLC0415 - loaded with the client
        BotoCoreError,
        ClientError,
        ParamValidationError,
    )

    if isinstance(error, ClientError):
        return answered(code_of(error), uri)
    if isinstance(error, BotoCoreError):
        wrong = wrong_set_up(error)
        if wrong is not None and isinstance(error, ParamValidationError):
            return ObjectGoneError(f"{uri}: {wrong}")  # nothing can be called so
        if wrong is not None:
            return ObjectRefusedError(f"{uri}: {wrong}", "keys")
        what = f"the object store did not answer ({type(error).__name__})"
        return StorageUnavailableError(f"{uri}: {what}; trying again may help")
    return StorageUnavailableError(f"{uri}: the connection broke while reading; trying again may help")


def answered(code: str, uri: str) -> PipelineError:
    """What the object store answered about `uri`, by its code."""
    if code in _PRECONDITION:
        return ObjectReplacedError(f"{uri}: another version has taken its place ({code})")
    if code in _NO_VERSION:
        return ObjectGoneError(f"{uri}: there is no such version of the object ({code})")
    if code in _GONE:
        return ObjectGoneError(f"{uri}: there is no such object ({code})")
    refusal = next(((kind, hint) for codes, kind, hint in _REFUSALS if code in codes), None)
    if code.startswith(_KMS):
        refusal = ("kms", _KMS_HINT)
    if refusal is not None:
        kind, hint = refusal
        return ObjectRefusedError(f"{uri}: the object store refuses it ({code}); {hint}", kind)
    return StorageUnavailableError(f"{uri}: the object store failed ({code}); trying again may help")
