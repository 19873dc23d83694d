"""Spark's session of a job, started when it is first needed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dq.engine.settings import EngineSettings
from etl_core.objects.settings import S3Settings
from etl_core.spark.java_process import java_gone
from etl_core.spark.profiles import FILES, TABLES, SessionProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from etl_core.settings import Settings


class Sessions:
    """Spark's session, started when it is first asked for, and stopped by who started it."""

    def __init__(self, settings: Settings, profile: SessionProfile = FILES) -> None:
        """Start nothing yet; `profile` is the kind of session that is started. One that runs already is taken."""
        self._settings, self._profile = settings, profile
        self._session: SparkSession | None = None
        self._is_ours = False

    @property
    def is_started(self) -> bool:
        """Whether somebody has asked for it."""
        return self._session is not None

    def __call__(self) -> SparkSession:
        """The running session; started now if there is none."""
        if self._session is None:
            from etl_core.spark.session import build_session, session_is_running

            s3 = self._settings[S3Settings]
            self._is_ours = not session_is_running()
            access_key, secret_key = s3.key_pair()
            self._session = build_session(
                profile=self._profile if self._is_ours else FILES,
                master=self._settings[EngineSettings].spark_master,
                s3_endpoint=s3.s3_endpoint,
                s3_region=s3.s3_region,
                s3_access_key=access_key,
                s3_secret_key=secret_key,
            )
        return self._session

    def close(self) -> None:
        """Stop the session if it was started here; one whose JVM has ended needs no stop, and can take none."""
        if self._session is not None and self._is_ours and java_gone() is None:
            self._session.stop()
        self._session = None


@contextmanager
def open_tables_session(settings: Settings) -> Iterator[Sessions]:
    """What gives a session for Delta tables; one that is started is stopped at the end."""
    sessions = Sessions(settings, TABLES)
    try:
        yield sessions
    finally:
        sessions.close()
