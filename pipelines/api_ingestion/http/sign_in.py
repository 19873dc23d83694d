"""What a request carries so that the application knows us."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl_core.errors import SettingsError
from pipelines.api_ingestion.errors import ApiRefusedError, PageError
from pipelines.api_ingestion.http.answer import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.api_ingestion.http.answer import Answer
    from pipelines.api_ingestion.source.api_source import Auth, ClientCredentials

#: A token is fetched anew so many seconds before it ends.
_EARLY = 60.0
_LIFE = 3600.0
_SENDABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_UNSENDABLE = "goes into a header, and has a line break, a space at an end or a letter that is not ASCII; take it out"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers and parameters of the query that sign a request in."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


class SignIn:
    """Gives credentials; those of OAuth are fetched when they are first needed, and again before they end.

    Args:
        auth: which.
        values: variables of the environment.
        ask: makes a request, and tries again where that may help.
        passed: counts seconds.

    Raises:
        SettingsError: variables are missing; names all of them.
    """

    def __init__(
        self, auth: Auth, values: Mapping[str, str], ask: Callable[[Request], Answer], passed: Callable[[], float]
    ) -> None:
        missing = [name for name in auth.variables() if not values.get(name)]
        if missing:
            raise SettingsError(
                "settings", [f"{name}: is not set, and the source signs in with it" for name in missing]
            )
        unsendable = [name for name in auth.variables_of_headers() if not is_sendable(values[name])]
        if unsendable:
            raise SettingsError("settings", [f"{name}: {_UNSENDABLE}" for name in unsendable])
        self._auth, self._values, self._ask, self._passed = auth, values, ask, passed
        self._token: tuple[str, float] | None = None
        self._lock = threading.Lock()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that may appear nowhere."""
        known = [self._values[name] for name in self._auth.variables()]
        return (*known, *((self._token[0],) if self._token else ()))

    def __call__(self) -> Credentials:
        """The credentials of the next request.

        Raises:
            PipelineError: a token is needed and is not given.
        """
        auth, values = self._auth, self._values
        if auth.bearer:
            return _bearer(values[auth.bearer])
        if auth.api_key:
            key = values[auth.api_key.env]
            return Credentials({auth.api_key.header: key} if auth.api_key.header else {}, _query(auth, key))
        if auth.basic:
            pair = f"{values[auth.basic.user]}:{values[auth.basic.password]}".encode()
            return Credentials({"authorization": f"Basic {base64.b64encode(pair).decode()}"})
        if auth.oauth2_client_credentials:
            return _bearer(self._current(auth.oauth2_client_credentials))
        return Credentials()

    def forget(self) -> bool:
        """Have the next token fetched anew; whether there was one that may have ended."""
        with self._lock:
            had, self._token = self._token is not None, None
            return had

    def _current(self, asked: ClientCredentials) -> str:
        with self._lock:
            if self._token is None or self._passed() >= self._token[1]:
                self._token = self._fetch(asked)
            return self._token[0]

    def _fetch(self, asked: ClientCredentials) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._values[asked.client_id],
            "client_secret": self._values[asked.client_secret],
            **({"scope": asked.scope} if asked.scope else {}),
        }
        request = Request(asked.token_url, form=form)
        try:
            told = json.loads(self._ask(request).body)
            token, life = told["access_token"], float(told.get("expires_in", _LIFE))
            if not isinstance(token, str) or not is_sendable(token):
                raise ValueError("it is no text that a header may have")  # noqa: TRY301 - with all that it may be
        except (ValueError, KeyError, TypeError, RecursionError, PageError):
            raise ApiRefusedError(f"{request.shown}: the answer has no access_token that can be used") from None
        return token, self._passed() + max(life - _EARLY, life / 2)


def is_sendable(value: str) -> bool:
    """Whether a value can stand in a header as it is."""
    return _SENDABLE.fullmatch(value) is not None


def _bearer(token: str) -> Credentials:
    return Credentials({"authorization": f"Bearer {token}"})


def _query(auth: Auth, key: str) -> Mapping[str, str]:
    return {auth.api_key.param: key} if auth.api_key and auth.api_key.param else {}
