"""Reads from S3 by a native client (obstore): a sixth of boto3's processor time, and other threads go on meanwhile.

It reads what can be read plainly. For everything else it gives None, and boto3 asks again: for keys and buckets that
mean something in an address, for endpoints of a kind of their own, and whenever S3 answers with anything but the bytes,
so that what is wrong is said in one place. Where it cannot reach S3 at all (a certificate or a proxy only boto3 knows
of) it is left alone for a while.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from etl_core.objects.ranges import Received, unquoted

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client
    from obstore import GetOptions
    from obstore.store import S3Store

    from etl_core.objects.ranges import ObjectRange

log = structlog.get_logger()

#: A name that is one label of a host, the same in any style of address.
_PLAIN_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
#: Each bucket has a client of its own; announcements may name any number of them.
_MOST_BUCKETS = 16
#: Shorter than the time for which boto3's credentials are good when it gives them away.
_CREDENTIALS_LAST = timedelta(minutes=5)
#: After so many failures in a row nothing is tried for so many seconds.
_MOST_FAILURES, _PAUSE = 8, 60.0


class NativeReads:
    """One process's native reads, from where `client` reads and with its session's credentials."""

    def __init__(self, session: boto3.Session, client: S3Client, *, path_style: bool) -> None:
        """Open nothing yet.

        Args:
            session: its credentials are asked for anew every few minutes.
            client: its endpoint and region count.
            path_style: the bucket is the first part of the path, else the first label of AWS' host.
        """
        self._session = session
        self._endpoint, self._region = client.meta.endpoint_url, client.meta.region_name
        self._path_style = path_style
        self._store = lru_cache(_MOST_BUCKETS)(self._open)
        self._failures, self._paused_until = 0, 0.0

    def get(self, wanted: ObjectRange) -> Received | None:
        """Read bytes of one version; None: ask boto3."""
        key = wanted.key
        if monotonic() < self._paused_until or not _PLAIN_BUCKET.fullmatch(wanted.bucket) or key.strip("/") != key:
            return None
        options: GetOptions = {"range": (wanted.start, wanted.stop)}
        if wanted.version_id:
            options["version"] = wanted.version_id
        elif wanted.etag:
            options["if_match"] = f'"{wanted.etag}"'
        try:
            store = self._store(wanted.bucket)
            if store is None:
                return None
            answer = store.get(key, options=options)
            data, meta = answer.bytes().to_bytes(), answer.meta
        except (ValueError, FileNotFoundError):  # a key it does not take, an object that is not there
            return None
        except Exception as error:  # noqa: BLE001 - whatever it cannot do, boto3 does, or says why not
            self._note_failure(error)
            return None
        self._failures = 0
        if meta["path"] != key:
            return None
        return Received(data, meta["size"], unquoted(meta["e_tag"]), meta["version"], meta["last_modified"])

    def _open(self, bucket: str) -> S3Store | None:
        """Give the client of a bucket; None without credentials, or for an endpoint of a kind that is not read here."""
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - what local files can do without
        from obstore.store import S3Store  # noqa: PLC0415 - as above

        address = urlsplit(self._endpoint)
        if self._session.get_credentials() is None:
            return None
        if self._path_style:
            endpoint = self._endpoint
        elif address.hostname in {f"s3.{self._region}.amazonaws.com", "s3.amazonaws.com"}:
            endpoint = f"https://{bucket}.s3.{self._region}.amazonaws.com"
        else:
            return None
        return S3Store(
            bucket,
            endpoint=endpoint,
            region=self._region,
            virtual_hosted_style_request=not self._path_style,
            credential_provider=Boto3CredentialProvider(self._session, ttl=_CREDENTIALS_LAST),
            client_options={"allow_http": address.scheme == "http", "connect_timeout": "5s", "timeout": "60s"},
            retry_config={"max_retries": 0},  # boto3 tries again
        )

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self._failures, self._paused_until = 0, monotonic() + _PAUSE
            log.info("native reads from S3 fail; boto3 reads alone for a while", error=error)
