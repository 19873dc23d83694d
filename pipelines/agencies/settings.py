"""What the environment says of agencies' documents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from etl_core.settings import Comma, HttpUrl, RoomSettings, setting

_PAIR = "both keys or neither"


class AgencySettings(RoomSettings):
    """Whose queries are asked, what the employment history leaves out, and where documents go."""

    agency_queries: str | None = setting(
        "Folder of the queries that `get_s3_files` asks the application's database. Unset: the shipped ones,"
        " `conf/sql/agencies`",
        "a folder",
    )
    employment_csv_raw: bool = setting(
        "Whether texts of the employment CSV stay as they are that a spreadsheet would take for formulas; otherwise"
        " they get an apostrophe",
        "true or false",
        default=False,
    )
    employment_sensitive: Annotated[tuple[str, ...], Comma] = setting(
        "Columns that the employment CSV leaves out, unless `--sensitive` asks for them",
        "names of columns, comma-separated",
        default=("ssn", "date_of_birth", "home_address", "personal_phone", "personal_email"),
    )
    destination_s3_endpoint: HttpUrl | None = setting(
        "Address of the S3 service that `get_s3_files` copies to, when it is another than S3_ENDPOINT's",
        "http://host:port or https://host",
    )
    destination_s3_region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = setting(
        "Region of that bucket, when documents go to another account or service", "a region's name such as eu-west-1"
    )
    destination_s3_access_key: SecretStr | None = setting(
        "Key pair for the bucket that `get_s3_files` copies to, when it is another account's", _PAIR
    )
    destination_s3_secret_key: SecretStr | None = setting("Second half of that key pair", _PAIR)

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> AgencySettings:
        if (self.destination_s3_access_key is None) != (self.destination_s3_secret_key is None):
            names = ("DESTINATION_S3_ACCESS_KEY", "DESTINATION_S3_SECRET_KEY")
            present, missing = names if self.destination_s3_secret_key is None else names[::-1]
            raise ValueError(f"{missing}: missing although {present} is set; allowed: {_PAIR}")
        return self

    @property
    def has_own_destination(self) -> bool:
        """Whether documents leave the S3 they are in."""
        own = (self.destination_s3_endpoint, self.destination_s3_region, self.destination_s3_access_key)
        return any(one is not None for one in own)

    def destination_keys(self) -> tuple[str | None, str | None]:
        """The keys of the destination; None leaves them to the AWS default chain."""
        if self.destination_s3_access_key is None or self.destination_s3_secret_key is None:
            return None, None
        return self.destination_s3_access_key.get_secret_value(), self.destination_s3_secret_key.get_secret_value()
