"""The image's files in a folder: what the Dockerfile copies, where it copies it, our wheel, the packages from here."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from etl_core.spark.jars import spark_home

ROOT = Path(__file__).resolve().parents[2]
#: Where the image has it all.
_HOME = "/opt/pipeline"


@dataclass(frozen=True)
class ImageTree:
    """A folder laid out as /opt/pipeline is in the image, with the words of the Dockerfile that start something."""

    home: Path
    entrypoint: list[str]
    command: list[str]
    healthcheck: list[str]
    user: str

    def environment(self, **more: str) -> dict[str, str]:
        """The variables a container has, and no others of this machine's than where Java is and how a test runs it."""
        kept = {name: os.environ[name] for name in ("JAVA_HOME", "LANG", "SPARK_SUBMIT_OPTS") if name in os.environ}
        java = shutil.which("java")
        path = [str(self.home / "bin"), "/usr/bin", "/bin", *([str(Path(java).parent)] if java else [])]
        packages = self.home / "lib" / _python() / "site-packages"
        return {**kept, "PATH": ":".join(path), "SPARK_HOME": str(packages / "pyspark"), "HOME": "/nonexistent", **more}


def lay_out(home: Path, wheel: Path) -> ImageTree:
    """Make the tree under `home`: packages and jars are links, our own files are as they are shipped."""
    packages = home / "lib" / _python() / "site-packages"
    packages.mkdir(parents=True)
    installed = Path(sys.prefix) / "lib" / _python() / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    for entry in installed.iterdir():
        # Neither the editable install of this checkout nor what is ours already: nothing may be written through a link.
        if "pipeline_processing" not in entry.name and not (packages / entry.name).exists():
            (packages / entry.name).symlink_to(entry)
    (home / "bin").mkdir()
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", home)
    for program in ("python", "python3"):
        (home / "bin" / program).symlink_to(Path(sys.executable).resolve())
    for program in ("spark-submit", "spark-class"):
        (home / "bin" / program).symlink_to(spark_home() / "bin" / program)
    script = home / "bin" / "pipeline-processing"
    script.write_text(f"#!{home}/bin/python\nimport sys\nfrom jobs.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    jars = home / "share" / "pipeline-processing" / "jars"
    jars.parent.mkdir(parents=True)
    jars.symlink_to(ROOT / ".jars")
    words = _last_stage((ROOT / "Dockerfile").read_text())
    for line in words["COPY"]:
        *sources, target = line
        if not line[0].startswith("--from"):
            _copy(sources, target, home)
    return ImageTree(
        home,
        _placed(words["ENTRYPOINT"][0], home),
        words["CMD"][0],
        _placed(words["HEALTHCHECK"][0], home),
        words["USER"][0][0],
    )


def _copy(sources: list[str], target: str, home: Path) -> None:
    place = Path(target.replace(_HOME, str(home), 1))
    if target.endswith("/"):
        place.mkdir(parents=True, exist_ok=True)
    for source in sources:
        shutil.copy(ROOT / source, place)


def _placed(words: list[str], home: Path) -> list[str]:
    """A command of the image's, where its files are here."""
    return [word.replace(_HOME, str(home), 1) for word in words]


def _last_stage(dockerfile: str) -> dict[str, list[list[str]]]:
    """The instructions of the stage that becomes the image, by name; lists in brackets are read as JSON."""
    stage = dockerfile.replace("\\\n", " ").rpartition("\nFROM ")[2]
    found: dict[str, list[list[str]]] = {}
    for line in stage.splitlines():
        name, _, rest = line.partition(" ")
        bracket = rest.find("[")
        if name.isupper():
            found.setdefault(name, []).append(json.loads(rest[bracket:]) if bracket >= 0 else shlex.split(rest))
    return found


def _python() -> str:
    return f"python3.{sys.version_info[1]}"
