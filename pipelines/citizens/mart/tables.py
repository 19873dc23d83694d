"""The tables of the mart, for statements; `conf/sql/warehouse` makes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, String, Table, Unicode

#: The key of the member that stands for what is not known, and its name.
UNKNOWN_KEY: Final = -1
UNKNOWN: Final = "Unknown"
_known = MetaData(schema="mart")

dim_date = Table(
    "dim_date",
    _known,
    Column("date_key", Integer, primary_key=True, autoincrement=False),
    Column("day", Date),
    Column("year", Integer),
    Column("quarter", Integer),
    Column("month", Integer),
    Column("month_name", String(20), nullable=False),
    Column("month_key", Integer),
    Column("day_of_month", Integer),
)
dim_location = Table(
    "dim_location",
    _known,
    Column("location_key", Integer, primary_key=True, autoincrement=False),
    Column("zip", Unicode(20), nullable=False),
    Column("city", Unicode(100), nullable=False),
)
dim_citizen = Table(
    "dim_citizen",
    _known,
    Column("citizen_key", BigInteger, primary_key=True, autoincrement=False),
    Column("citizen_id", Unicode(40), nullable=False),
    Column("first_name", Unicode(100)),
    Column("last_name", Unicode(100)),
    Column("birth_date", Date),
    Column("sex", Unicode(1)),
    Column("email", Unicode(254)),
    Column("registered_on", Date),
    Column("status", Unicode(20)),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("row_hash", BigInteger, nullable=False),
)
fact = Table(
    "fact_citizen_snapshot",
    _known,
    Column("date_key", Integer, primary_key=True, autoincrement=False),
    Column("citizen_key", BigInteger, primary_key=True, autoincrement=False),
    Column("location_key", Integer, nullable=False),
    Column("age_years", Integer),
    Column("phone_count", Integer, nullable=False),
    Column("is_new", Boolean, nullable=False),
    Column("is_changed", Boolean, nullable=False),
)
