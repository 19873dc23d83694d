"""Debian's Chromium without a window, driven over its pipe: pages as people get them."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

_TOOLS = Path(__file__).parents[1] / ".tools"
_AXE = "axe-core@4.14.1"
_PATIENCE = 60


def axe_source() -> str | None:
    """The checks of axe-core, fetched once from the registry that npm is set to; None where there is none."""
    program, npm = _TOOLS / "axe.min.js", shutil.which("npm")
    _TOOLS.mkdir(parents=True, exist_ok=True)
    with (_TOOLS / ".axe-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists() and npm is not None:
            with tempfile.TemporaryDirectory(dir=_TOOLS) as folder:
                done = subprocess.run(
                    [npm, "pack", "--silent", _AXE], cwd=folder, capture_output=True, timeout=_PATIENCE, check=False
                )
                packed = next(Path(folder).glob("*.tgz"), None)
                if done.returncode == 0 and packed is not None:
                    with tarfile.open(packed) as archive:
                        member = archive.extractfile("package/axe.min.js")
                        assert member is not None
                        program.write_bytes(member.read())
    return program.read_text(encoding="utf-8") if program.exists() else None


class Chromium:
    """One browser with one page. What the console, the log and the network say is in `events`."""

    def __init__(self, program: str, folder: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        command = [
            *(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *("--disable-dev-shm-usage", f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"),
        ]
        read, write = ours[0], theirs[1]

        def wire() -> None:
            high = [os.dup(read), os.dup(write)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self._process = subprocess.Popen(
            command,
            preexec_fn=wire,  # noqa: PLW1509 - the pipe of the protocol is descriptors 3 and 4
            pass_fds=(3, 4, read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = os.fdopen(ours[1], "wb", buffering=0), os.fdopen(theirs[0], "rb")
        self._last, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_PATIENCE)
        self._to.close()
        self._from.close()

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the DevTools protocol, and what it gives."""
        self._last += 1
        session = {} if self._session is None else {"sessionId": self._session}
        message = {"id": self._last, "method": method, "params": parameters, **session}
        self._to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            some = os.read(self._from.fileno(), 1 << 20)
            assert some, "the browser ended"
            self._rest += some
        text, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(text)
        if "method" in answer:
            self.events.append(answer)
        return answer

    def open(self, page: Path, *, width: int = 1200, dark: bool = False, media: str = "screen") -> None:
        """Load a file at this width, and wait until it is there."""
        self.open_address(page.as_uri(), width=width, dark=dark, media=media)

    def open_address(self, address: str, *, width: int = 1200, dark: bool = False, media: str = "screen") -> None:
        """Load what is at an address, likewise."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.go(lambda: self.call("Page.navigate", url=address))

    def go(self, leave: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until it is there."""
        self.events.clear()
        leave()
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next()

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - any JSON value
        """What a script gives that is run from outside, whatever the page allows its own."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))

    def complaints(self) -> list[str]:
        """What the console and the log have to say, and every address but the page's own that was asked for."""
        said = [event["params"] for event in self.events]
        found = [str(one["entry"]["text"]) for one in said if "entry" in one]
        found += [str(event["params"]) for event in self.events if event["method"].startswith("Runtime.exception")]
        found += [
            str(event["params"]["args"]) for event in self.events if event["method"] == "Runtime.consoleAPICalled"
        ]
        requests = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        addresses = [str(event["params"]["request"]["url"]) for event in requests]
        return found + [address for address in addresses[1:] if not address.startswith("data:")]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Debian's chromium is not installed")
    with (
        tempfile.TemporaryDirectory(prefix="dq-chromium-", ignore_cleanup_errors=True) as folder,
        Chromium(program, Path(folder)) as browser,
    ):
        yield browser
