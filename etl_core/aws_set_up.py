"""What is wrong with how this machine reaches AWS, told from a service that does not answer.

botocore raises one kind of error for both; only the first one needs somebody's hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError

CHECK_PLACE = "check S3_REGION and S3_ENDPOINT"
_SIGN_IN = "set S3_ACCESS_KEY and S3_SECRET_KEY, or give this machine a profile or a role"
_AWS_ADDRESS = re.compile(r"(?:s3|sqs)[.-](?:dualstack\.)?(?P<region>[a-z0-9-]+)\.amazonaws\.com")


def wrong_set_up(error: BotoCoreError) -> str | None:
    """What somebody has to set right, where a request could not even be made; None where it may pass by itself."""
    from botocore import exceptions as known  # noqa: PLC0415 - loaded with the client

    said = " ".join(str(error).split()).rstrip(".")
    match error:
        case known.NoCredentialsError() | known.PartialCredentialsError():
            return f"{said}; {_SIGN_IN}"
        case (
            known.ProfileNotFound()
            | known.ConfigNotFound()
            | known.ConfigParseError()
            | known.UnknownCredentialError()
            | known.InvalidConfigError()
            | known.SSOError()
            | known.TokenRetrievalError()
        ):
            return f"{said}; check the profile that AWS_PROFILE names, or set S3_ACCESS_KEY and S3_SECRET_KEY"
        case known.NoRegionError() | known.InvalidRegionError():
            return f"{said}; {CHECK_PLACE}"
        case known.ParamValidationError():
            return f"the bucket or the key cannot be one: {said.removeprefix('Parameter validation failed: ')}"
        case known.EndpointConnectionError():
            region = _unknown_region(str(error))
            return None if region is None else f"AWS has no region {region!r}; {CHECK_PLACE}"
        case _:
            return None


def _unknown_region(said: str) -> str | None:
    """The region in an address of AWS that could not be reached, where there is no such region."""
    import botocore.session  # noqa: PLC0415 - loaded with the client

    found = _AWS_ADDRESS.search(said)
    if found is None:
        return None
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    known = {name for one in partitions for name in session.get_available_regions("s3", one, allow_non_regional=True)}
    return None if found["region"] in known else found["region"]
