"""Whether the object store answers at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectStore

#: Nobody calls an object so.
_NOWHERE = "pipeline-processing/does-the-store-answer"
_TOO_MANY, _OWN_FAULT = 429, 500


def answers(store: ObjectStore, bucket: str) -> bool:
    """Whether a read from `bucket` is answered, be it by a refusal.

    It asks for an object that is not there, the way objects are read: a store may still list what it cannot give.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  half a second most jobs can do without

    try:
        store.s3.get_object(Bucket=bucket, Key=_NOWHERE)
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return 0 < status < _OWN_FAULT and status != _TOO_MANY
    except (BotoCoreError, OSError):
        return False
    except PipelineError:  # nobody could be asked: that is for somebody to set right, and no outage
        return True
    return True
