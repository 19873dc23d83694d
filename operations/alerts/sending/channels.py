"""Channels by Apprise: one message is one call, bounded in time, whose failure is a sentence without secrets."""

from __future__ import annotations

import logging
import threading
import warnings
from typing import TYPE_CHECKING, Final

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType, OverflowMode
from apprise.plugins.slack import NotifySlack

from etl_core.errors import SettingsError
from etl_core.log.redaction import Redaction, one_line
from operations.alerts.deciding.routes import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apprise import NotifyBase

_LONGEST_REASON: Final = 200
_NO_ANSWER: Final = "it gave no answer in time"


class AppriseChannel:
    """One channel. Used by one thread at a time.

    Args:
        name: as the settings call it.
        service: of Apprise, made from the channel's address.
        seconds: how long one message may take.
        redaction: knows the address and what in it is secret.
    """

    def __init__(self, name: str, service: NotifyBase, seconds: float, redaction: Redaction) -> None:
        self.channel = Channel(name, isinstance(service, NotifySlack))
        self._service, self._seconds, self._redaction = service, seconds, redaction
        self._under_way: threading.Thread | None = None

    def send(self, tone: str, title: str, body: str) -> str | None:
        """Send a message; None where the channel took it, else why not.

        A call that does not come back is left to itself, and nothing more is sent here until it has ended. It may have
        delivered its message all the same.
        """
        if self._under_way is not None and self._under_way.is_alive():
            return "a message before this one still has no answer"
        said = _Said()
        took: list[bool] = []

        def call() -> None:
            said.thread = threading.get_ident()
            try:
                took.append(bool(self._notify(tone, title, body)))
            except Exception as error:  # noqa: BLE001 - whatever a plugin raises is a failure of its channel
                said.last = f"{type(error).__name__}"

        logger = logging.getLogger("apprise")
        logger.addHandler(said)
        try:
            self._under_way = thread = threading.Thread(target=call, name=f"alert to {self.channel.name}", daemon=True)
            thread.start()
            thread.join(self._seconds)
        finally:
            logger.removeHandler(said)
        if thread.is_alive():
            return _NO_ANSWER
        self._under_way = None
        if took == [True]:
            return None
        return one_line(self._redaction.text(said.last or "it took nothing"))[:_LONGEST_REASON]

    def _notify(self, tone: str, title: str, body: str) -> bool:
        types = {"critical": NotifyType.FAILURE, "warning": NotifyType.WARNING, "resolved": NotifyType.SUCCESS}
        return self._service.notify(body=body, title=title, notify_type=types[tone], body_format=NotifyFormat.TEXT)


class _Said(logging.Handler):
    """Keeps the last warning of one thread: what Apprise says of a failure is in its log alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread: int | None = None
        self.last: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.thread == self.thread:
            self.last = record.getMessage()


def open_channels(
    addresses: Mapping[str, str], seconds: float, secrets: Sequence[str] = ()
) -> tuple[AppriseChannel, ...]:
    """The channels of ALERT_URLS; nothing is connected yet.

    Args:
        addresses: by name.
        seconds: how long one message may take.
        secrets: what no sentence may hold.

    Raises:
        SettingsError: names the channels whose addresses Apprise does not understand, and shows none of them.
    """
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.WARNING)
    logger.propagate = False  # its lines name addresses
    redaction, asset = Redaction(secrets), _asset()
    made: list[AppriseChannel] = []
    wrong: list[str] = []
    for name, address in addresses.items():
        with warnings.catch_warnings():  # it loads its plugins, some of which use what Python will drop
            warnings.simplefilter("ignore", DeprecationWarning)
            service = Apprise.instantiate(address, asset=asset)
        if service is None:
            wrong.append(
                f"ALERT_URLS: the address of channel {name!r} is none that Apprise knows; its manual lists them"
            )
            continue
        if "overflow=" not in address:
            service.overflow_mode = OverflowMode.TRUNCATE
        made.append(AppriseChannel(name, service, seconds, redaction))
    if wrong:
        raise SettingsError("settings", wrong)
    return tuple(made)


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="pipeline-processing",
        app_desc="pipeline-processing",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        secure_logging=True,
    )
