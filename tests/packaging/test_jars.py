"""Spark's jars come from one Maven repository, whatever else lies on the machine, and only as they are pinned."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from etl_core.errors import SettingsError, StorageUnavailableError
from etl_core.spark import jars
from etl_core.spark.ivy import Ivy
from etl_core.spark.jar_sets import JAR_SETS, InstalledSpark, JarSet

POM = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
  <dependencies>{needs}</dependencies>
</project>
"""
NEED = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def _publish(repository: Path, coordinate: str, *, needs: tuple[str, ...] = (), jar: bool = True) -> Path:
    """Lay an artifact into a folder as Maven repositories lay theirs."""
    group, artifact, version = coordinate.split(":")
    folder = repository / group.replace(".", "/") / artifact / version
    folder.mkdir(parents=True)
    listed = "".join(NEED.format(*need.split(":")) for need in needs)
    pom = folder / f"{artifact}-{version}.pom"
    pom.write_text(POM.format(group=group, artifact=artifact, version=version, needs=listed))
    if jar:
        (folder / f"{artifact}-{version}.jar").write_bytes(coordinate.encode())
    return pom


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Maven repository in a folder: `ours` needs `theirs`, which needs what Spark brings."""
    folder = tmp_path / "repository"
    _publish(folder, "org.ours:ours:1.0", needs=("org.theirs:theirs:2.0",))
    _publish(folder, "org.theirs:theirs:2.0", needs=("org.slf4j:slf4j-api:1.7",))
    return folder


@pytest.fixture
def poisoned_home(tmp_path: Path) -> Path:
    """A home whose Maven and Ivy once fetched POMs and never the jars."""
    home = tmp_path / "home"
    for coordinate in ("org.theirs:theirs:2.0", "commons-logging:commons-logging:1.2"):
        pom = _publish(home / ".m2" / "repository", coordinate, jar=False)
        group, artifact, version = coordinate.split(":")
        for ivy in (".ivy2", ".ivy2.5.2"):
            cache = home / ivy / "cache" / group / artifact
            cache.mkdir(parents=True)
            (cache / f"ivy-{version}.xml.original").write_text(pom.read_text())
    return home


def _ivy(repository: Path | str, *, java: str = "java") -> Ivy:
    address = repository if isinstance(repository, str) else repository.as_uri()
    return Ivy(java, jars.maven().jar, address, pause_seconds=0)


OURS = JarSet("ours", "a test", {"": ("org.ours:ours:1.0",)})


def test_jars_come_with_what_they_need_and_without_what_spark_brings(repository: Path, tmp_path: Path) -> None:
    jars.fetch_jars(OURS, tmp_path / "jars", _ivy(repository))
    found = {jar.name: jar.read_bytes() for jar in (tmp_path / "jars").iterdir()}
    assert found == {
        "org.ours_ours-1.0.jar": b"org.ours:ours:1.0",
        "org.theirs_theirs-2.0.jar": b"org.theirs:theirs:2.0",
    }


def test_a_set_may_be_all_there_is(repository: Path, tmp_path: Path) -> None:
    alone = JarSet("ours", "a test", OURS.coordinates, with_dependencies=False)
    jars.fetch_jars(alone, tmp_path / "jars", _ivy(repository))
    assert [jar.name for jar in (tmp_path / "jars").iterdir()] == ["org.ours_ours-1.0.jar"]


def test_a_home_whose_maven_has_poms_without_jars_changes_nothing(
    repository: Path, poisoned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat().st_mtime_ns for path in poisoned_home.rglob("*")}
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", f"-Duser.home={poisoned_home}")
    monkeypatch.setenv("HOME", str(poisoned_home))
    jars.fetch_jars(OURS, tmp_path / "jars", _ivy(repository))
    assert len(list((tmp_path / "jars").iterdir())) == 2
    assert {path: path.stat().st_mtime_ns for path in poisoned_home.rglob("*")} == before


def test_maven_central_is_known_without_an_address_and_with_such_a_home(
    poisoned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one test here that asks the real repository, for 60 kB."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", f"-Duser.home={poisoned_home}")
    ivy = Ivy("java", jars.maven().jar)
    fetched = ivy.fetch(["commons-logging:commons-logging:1.2"], tmp_path)
    (jar,) = fetched.iterdir()
    # As every Maven in the world has it.
    assert hashlib.sha256(jar.read_bytes()).hexdigest() == (
        "daddea1ea0be0f56978ab3006b8ac92834afeefbd9b7e4e6316fca57df0fa636"
    )


class _Moody(SimpleHTTPRequestHandler):
    """A repository whose first answers are failures."""

    failures_left = 0
    asked = 0

    def do_HEAD(self) -> None:
        type(self).asked += 1
        if type(self).failures_left:
            type(self).failures_left -= 1
            self.send_error(503)
        else:
            super().do_HEAD()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _served(folder: Path, failures: int) -> Iterator[tuple[str, type[_Moody]]]:
    handler = type("Handler", (_Moody,), {"failures_left": failures})
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: handler(*given, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


def test_a_repository_that_answers_later_is_asked_again(repository: Path, tmp_path: Path) -> None:
    with _served(repository, failures=1) as (address, _):
        jars.fetch_jars(OURS, tmp_path / "jars", _ivy(address))
    assert len(list((tmp_path / "jars").iterdir())) == 2


def test_a_repository_that_never_answers_is_named_with_what_to_do(repository: Path, tmp_path: Path) -> None:
    with _served(repository, failures=10_000) as (address, handler):
        with pytest.raises(StorageUnavailableError) as caught:
            jars.fetch_jars(OURS, tmp_path / "jars", _ivy(address))
        asked = handler.asked
    assert asked == 3
    message = str(caught.value)
    assert address in message
    assert "Service Unavailable" in message
    assert "JARS_REPOSITORY" in message
    assert "proxy" in message
    assert not (tmp_path / "jars").exists()


def test_a_jar_that_the_repository_lacks_is_named_and_not_asked_for_again(repository: Path, tmp_path: Path) -> None:
    missing = JarSet("ours", "a test", {"": ("org.ours:other:3.0",)})
    with pytest.raises(SettingsError, match=r"lacks org\.ours#other;3\.0") as caught:
        jars.fetch_jars(missing, tmp_path / "jars", _ivy(repository))
    assert "JARS_REPOSITORY" in str(caught.value)


def test_a_jar_with_another_checksum_is_refused(repository: Path, tmp_path: Path) -> None:
    """The name is that of a shipped list; what comes is not what it pins."""
    disguised = JarSet("s3", "a test", OURS.coordinates)
    with pytest.raises(SettingsError, match=r"not in the list: [0-9a-f]{64}  org\.ours_ours-1\.0\.jar") as caught:
        jars.fetch_jars(disguised, tmp_path / "jars", _ivy(repository))
    assert "did not come" in str(caught.value)
    assert list(tmp_path.glob("jars*")) == []


def test_without_java_the_message_says_what_to_install(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="install Java 17 or 21"):
        jars.fetch_jars(OURS, tmp_path / "jars", _ivy(repository, java="/nowhere/java"))


def test_a_set_that_no_version_fits_says_which_do() -> None:
    old = JarSet("old", "a test", {"4.0": ("a:b:1",), "3.5": ("a:b:0",)})
    assert old.coordinates_for(InstalledSpark("4.0.2", "3.4.1")) == ("a:b:1",)
    with pytest.raises(SettingsError, match=r"PySpark 4\.2\.0; they are for PySpark 4\.0\*, 3\.5\*"):
        old.coordinates_for(InstalledSpark("4.2.0", "3.5.0"))


def test_every_set_has_a_list_of_checksums_for_this_spark_and_is_here_as_listed() -> None:
    spark = jars.installed_spark()
    for jar_set in (one for one in JAR_SETS.values() if one.fits(spark)):
        pinned = Path(f"conf/jars/pyspark-{spark.pyspark}/{jar_set.name}.sha256").read_text().splitlines()
        here = jars.present_jars([jar_set.name])
        assert [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}" for jar in here] == pinned


def test_jars_of_an_older_list_are_not_taken_for_todays(tmp_path: Path) -> None:
    for jar in jars.present_jars(["s3"]):
        (tmp_path / jar.name).touch()
    assert jars.is_current(tmp_path, JAR_SETS["s3"])
    (tmp_path / "io.netty_netty-common-4.1.126.Final.jar").touch()
    assert not jars.is_current(tmp_path, JAR_SETS["s3"])
    assert not jars.is_current(tmp_path / "nothing", JAR_SETS["s3"])


#: Jars whose names say less than they should: Spark's `annotations` is JetBrains', ours is AWS's.
NAMESAKES = {"annotations"}


def _identity(jar: Path, *, is_ours: bool) -> tuple[str, str, str]:
    """Group, artifact and version. Ours say all in their names; Spark's say the group inside, or do not ("")."""
    group, file = jar.stem.split("_", 1) if is_ours else ("", jar.stem)
    named = re.match(r"(.+?)-(\d[^-]*)", file)
    assert named is not None, jar
    artifact, version = named.groups()
    with zipfile.ZipFile(jar) as archive:
        for name in [] if is_ours else archive.namelist():
            found = re.fullmatch(r"META-INF/maven/(.+)/(.+)/pom\.properties", name)
            # A jar that others were packed into holds their words, too; its own is what the file is named after.
            own = re.match(rf"{re.escape(found[2])}-(\d[^-]*)", file) if found else None
            if found and own:
                group, artifact, version = *found.groups(), own[1]
    return group, artifact, version


def test_nothing_is_on_the_class_path_in_two_versions() -> None:
    """Spark's jars and ours together: which of two a class comes from would depend on who asks for it."""
    loaded = [name for name, jar_set in JAR_SETS.items() if not jar_set.is_for_trying]
    ours = [_identity(jar, is_ours=True) for jar in jars.present_jars(loaded)]
    brought = ours + [_identity(jar, is_ours=False) for jar in (jars.spark_home() / "jars").glob("*.jar")]
    twice = {
        (artifact, version, other_version)
        for group, artifact, version in brought
        for other_group, other, other_version in brought
        if artifact == other
        and artifact not in NAMESAKES
        and version < other_version
        and ("" in {group, other_group} or group == other_group)
    }
    assert twice == set()
    assert [artifact for group, artifact, _ in ours if group == "io.netty"] == []


def test_an_unknown_set_is_refused_with_the_known_names() -> None:
    with pytest.raises(SettingsError, match=r"no set 's4'; there are s3, delta"):
        jars.present_jars(["s4"])


def test_the_command_uses_the_mirror_and_tells_people_instead_of_a_traceback(tmp_path: Path) -> None:
    """As `make setup` runs it, in an environment that has no jars yet and a mirror that has nothing."""
    shutil.copytree("etl_core", tmp_path / "etl_core")
    (tmp_path / "empty").mkdir()
    program = (
        f"import runpy, sys; sys.prefix = {str(tmp_path)!r}; runpy.run_module('etl_core.spark.jars', None, '__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "JARS_REPOSITORY": (tmp_path / "empty").as_uri()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert f"asked was JARS_REPOSITORY, {(tmp_path / 'empty').as_uri()}" in run.stderr
