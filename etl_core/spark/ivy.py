"""Fetches jars from a Maven repository with the Ivy that PySpark brings, told everything and sharing nothing.

Spark's own `--packages` looks into ~/.m2 and ~/.ivy2 first. A Maven that once fetched a POM without its jar makes that
fail, although the repository has both; so Ivy is started with settings of this run, which know one repository and a
folder of their own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from etl_core.errors import SettingsError, StorageUnavailableError

# Attempts, and seconds before the second one, doubled before the third. What came is kept in between.
_ATTEMPTS = 3
_PAUSE_SECONDS = 2.0
# Milliseconds a repository may take to accept a connection, and to send more of a file.
_CONNECT_TIMEOUT = 15_000
_READ_TIMEOUT = 60_000
# What Ivy writes when an answer did not come, was a failure of the server, or came in part.
_MAY_PASS = ("Server access error", "SERVER ERROR", "[FAILED")
# Nobody reads sources and their documentation; without these words Ivy asks for them, six questions per jar.
_NO_SOURCES = ("-Divy.maven.lookup.sources=false", "-Divy.maven.lookup.javadoc=false")

_WHAT_TO_DO = (
    "with no way to the internet but a mirror, set JARS_REPOSITORY to the address of its Maven repository",
    'behind a proxy, set JAVA_TOOL_OPTIONS="-Dhttps.proxyHost=NAME -Dhttps.proxyPort=NUMBER"',
    "with neither, copy .jars/ (installed: share/pipeline-processing/jars/) from a machine that has it",
)


@dataclass(frozen=True, slots=True)
class Ivy:
    """How to start Ivy, and which repository it asks.

    Attributes:
        java: the program to run.
        jar: Ivy itself.
        repository: address of a Maven repository; None takes Maven Central, whose address Ivy knows.
        pause_seconds: before the second attempt.
    """

    java: str
    jar: Path
    repository: str | None = None
    pause_seconds: float = _PAUSE_SECONDS

    def fetch(
        self, coordinates: Sequence[str], scratch: Path, *, excluded: Sequence[str] = (), with_dependencies: bool = True
    ) -> Path:
        """Fetch jars; gives the folder under `scratch` that holds them and nothing else.

        Args:
            coordinates: `group:artifact:version` each.
            scratch: an empty folder for Ivy's files.
            excluded: `group:artifact` pairs to leave out; the artifact may be `*`.
            with_dependencies: fetch everything they need at run time, too.

        Raises:
            StorageUnavailableError: the repository did not answer.
            SettingsError: it lacks a jar, or there is no Java.
        """
        settings, module, jars = scratch / "settings.xml", scratch / "module.xml", scratch / "jars"
        settings.write_text(_settings(self.repository, scratch / "cache"), encoding="utf-8")
        module.write_text(_module(coordinates, excluded, with_dependencies=with_dependencies), encoding="utf-8")
        command = [
            *(self.java, *_NO_SOURCES, "-cp", str(self.jar), "org.apache.ivy.Main"),
            *("-settings", str(settings), "-ivy", str(module), "-types", "jar", "bundle"),
            *("-retrieve", f"{jars}/[organization]_[artifact]-[revision](-[classifier]).[ext]"),
        ]
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(self.pause_seconds * 2 ** (attempt - 1))
            ended, said = _run(command)
            if ended == 0:
                return jars
            failures = _lines_with(_MAY_PASS, said)
            if not failures:
                raise SettingsError("Spark's jars", [*_lacking(said), *self._advice()])
        lines = ["Spark's jars could not be fetched", *failures[:3], *self._advice()]
        raise StorageUnavailableError("\n  - ".join(lines))

    def _advice(self) -> list[str]:
        asked = [f"asked was JARS_REPOSITORY, {self.repository}"] if self.repository else []
        return [*asked, *_WHAT_TO_DO]


def _run(command: Sequence[str]) -> tuple[int, str]:
    """The exit code and everything said."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words only
    except FileNotFoundError as error:
        problem = f"there is no {command[0]} to fetch them with; install Java 17 or 21, or set JAVA_HOME"
        raise SettingsError("Spark's jars", [problem]) from error
    return run.returncode, run.stdout + run.stderr


def _lines_with(words: Sequence[str], said: str) -> list[str]:
    found = [line.strip() for line in said.splitlines() if any(word in line for word in words)]
    return list(dict.fromkeys(found))


def _settings(repository: str | None, cache: Path) -> str:
    """One repository, one cache, and limits of time, which Ivy has none of by itself.

    A descriptor (POM) is required: Ivy would otherwise take one that did not come for one that does not exist, and the
    jar without what it needs.
    """
    root = f" root={quoteattr(repository)}" if repository else ""
    return f"""\
<ivysettings>
  <settings defaultResolver="repository"/>
  <property name="ivy.checksums" value="sha1"/>
  <caches defaultCacheDir={quoteattr(str(cache))}/>
  <timeout-constraints>
    <timeout-constraint name="patient" connectionTimeout="{_CONNECT_TIMEOUT}" readTimeout="{_READ_TIMEOUT}"/>
  </timeout-constraints>
  <resolvers>
    <ibiblio name="repository" m2compatible="true" descriptor="required" timeoutConstraint="patient"{root}/>
  </resolvers>
</ivysettings>
"""


def _module(coordinates: Sequence[str], excluded: Sequence[str], *, with_dependencies: bool) -> str:
    """A module that needs exactly these versions."""
    how = f'force="true" transitive="{str(with_dependencies).lower()}" conf="default->default(runtime)"'
    dependencies = []
    for group, artifact, version in (coordinate.split(":") for coordinate in coordinates):
        what = f"org={quoteattr(group)} name={quoteattr(artifact)} rev={quoteattr(version)}"
        dependencies.append(f"    <dependency {what} {how}/>")
    for group, artifact in (pair.split(":") for pair in excluded):
        dependencies.append(f"    <exclude org={quoteattr(group)} module={quoteattr(artifact)}/>")
    listed = "\n".join(dependencies)
    return f"""\
<ivy-module version="2.0">
  <info organisation="local" module="jars"/>
  <configurations><conf name="default"/></configurations>
  <dependencies>
{listed}
  </dependencies>
</ivy-module>
"""


def _lacking(said: str) -> list[str]:
    """What Ivy did not find, out of its report; the end of what it said where that has another form."""
    names = [line.strip(" \t:").removesuffix(": not found") for line in _lines_with([": not found"], said)]
    return [f"the repository lacks {name}, or does not give it to us" for name in names] or [said[-1500:]]
