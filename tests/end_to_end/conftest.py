"""Landing zones on each variant of the reporting tables."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from tests.databases import with_all_tables, with_full_reporting, with_web_application
from tests.end_to_end.command_line import bare_command_line, command_line
from tests.end_to_end.figures import unused_port
from tests.end_to_end.landing import Landing, make_landing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from tests.local_s3 import S3Server

__all__ = ["bare_command_line", "command_line", "unused_port"]


@pytest.fixture(autouse=True)
def _no_debug_lines(_log_as_before: None) -> None:
    """Unconfigured, structlog paints traces with all their variables, which takes longer than the tests."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))


@pytest.fixture
def landing(new_database: Callable[..., str], s3_server: S3Server, s3: S3Client, bucket: str) -> Iterator[Landing]:
    """On the full tables."""
    made = make_landing(new_database(with_full_reporting, with_all_tables), s3_server, s3, bucket)
    yield made
    made.database.dispose()


@pytest.fixture(params=[with_full_reporting, with_web_application], ids=["variant_a", "variant_b"])
def any_landing(
    request: pytest.FixtureRequest, new_database: Callable[..., str], s3_server: S3Server, s3: S3Client, bucket: str
) -> Iterator[Landing]:
    """On the full tables, and on those of a web application."""
    made = make_landing(new_database(request.param, with_all_tables), s3_server, s3, bucket)
    yield made
    made.database.dispose()
