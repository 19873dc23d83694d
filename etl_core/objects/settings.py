"""What the environment says about S3."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from etl_core.settings import HttpUrl, RoomSettings, setting


class S3Settings(RoomSettings):
    """Where S3 is and how to sign in."""

    s3_endpoint: HttpUrl | None = setting(
        "Address of the S3 service when it is not AWS", "http://host:port or https://host"
    )
    s3_region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = setting(
        "Region of the buckets and the queue", "a region's name such as eu-west-1"
    )
    s3_access_key: SecretStr | None = setting(
        "Key pair for S3 and SQS. Unset: the AWS default chain (profile, role, IRSA)", "both keys or neither"
    )
    s3_secret_key: SecretStr | None = setting("Second half of the key pair", "both keys or neither")

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> S3Settings:
        if (self.s3_access_key is None) != (self.s3_secret_key is None):
            present, missing = (
                ("S3_ACCESS_KEY", "S3_SECRET_KEY") if self.s3_secret_key is None else ("S3_SECRET_KEY", "S3_ACCESS_KEY")
            )
            raise ValueError(f"{missing}: missing although {present} is set; allowed: both keys or neither")
        return self

    def key_pair(self) -> tuple[str | None, str | None]:
        """The keys for S3 and SQS; None leaves them to the AWS default chain."""
        if self.s3_access_key is None or self.s3_secret_key is None:
            return None, None
        return self.s3_access_key.get_secret_value(), self.s3_secret_key.get_secret_value()
