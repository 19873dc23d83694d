"""The image without a container engine: its files in a folder, started as the image starts them. Cluster samples."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator
from fastapi.routing import APIRoute

from etl_core.settings import declared_fields
from etl_core.spark.profiles import FILES
from jobs.registry import job_names
from jobs.running.settings import ROOMS
from service.health import router
from tests.packaging.image_tree import ImageTree, lay_out

ROOT = Path(__file__).resolve().parents[2]

#: A user that no machine has a name for, as clusters choose them.
NAMELESS = ["unshare", "--user", "--map-user=54321", "--map-group=0"]
#: Processes of their own, counted from 1.
OWN_PROCESSES = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]


def _possible(command: list[str]) -> bool:
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_namespaces = pytest.mark.skipif(
    not (_possible(NAMELESS) and _possible(OWN_PROCESSES)),
    reason="this kernel lets us make neither users nor processes of our own, as many containers do not",
)


@pytest.fixture(scope="module")
def image(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageTree:
    return lay_out(tmp_path_factory.mktemp("image") / "pipeline", wheel)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with a file to check, one row of which lacks a value."""
    (tmp_path / "trips.csv").write_text("id,driver\n1,ada\n2,\n")
    definition = {"fields": [{"name": "id", "type": "integer"}, {"name": "driver", "required": True}]}
    (tmp_path / "trips.json").write_text(json.dumps(definition))
    return tmp_path


def _run(
    image: ImageTree,
    work: Path,
    *arguments: str,
    within: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """What ENTRYPOINT does with arguments; tini only passes on signals and ends of children."""
    assert image.entrypoint[:2] == ["tini", "--"]
    return subprocess.run(
        [*within, *image.entrypoint[2:], *arguments],
        cwd=work,
        env=image.environment(**(variables or {})),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    run = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert run.stdout == ""
    assert run.returncode == 0


def test_whatever_the_dockerfile_copies_exists_and_is_let_in() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        words = line.split()
        if words[:1] != ["COPY"] or any(word.startswith("--from") for word in words):
            continue
        for source in words[1:-1]:
            assert (ROOT / source).exists(), line
            assert any(source == path or source.startswith(f"{path}/") for path in allowed), line


def test_a_job_runs_with_its_arguments_and_ends_with_its_exit_code(image: ImageTree, work: Path) -> None:
    """The code is that of the wheel, not of this checkout."""
    run = _run(image, work, "check_file", "trips.csv", "--schema", "trips.json", "--json", "out.json")
    assert run.returncode in {0, 1}, run.stderr
    verdict = json.loads((work / "out.json").read_text())
    assert run.returncode == (0 if verdict["passed"] else 1)
    assert verdict["score"] < 100
    where = subprocess.run(
        [image.home / "bin/python", "-c", "import etl_core.shipped_files as files; print(files.__file__)"],
        cwd=work,
        env=image.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(image.home / "lib"))


def test_without_arguments_the_job_of_the_image_starts(image: ImageTree, work: Path) -> None:
    assert image.command[0] in job_names()
    run = _run(image, work, *image.command, "--help")
    assert run.returncode == 0
    assert "watch" in run.stdout


def test_an_unknown_word_is_refused_with_the_nearest_job(image: ImageTree, work: Path) -> None:
    run = _run(image, work, "watch_file")
    assert run.returncode == 2
    assert "did you mean watch_files" in run.stderr


def test_arguments_alone_are_those_of_documents_also_where_jobs_run_on_a_cluster(image: ImageTree, work: Path) -> None:
    """The program of its own is in the wheel, too, for images that have it as their entry point."""
    run = _run(image, work, "--agency-id", "10", variables={"SPARK_MASTER": "local[1]"})
    assert run.returncode == 2
    assert "pipeline-processing get_s3_files: error: the following arguments are required" in run.stderr
    (registered,) = image.home.glob("lib/*/site-packages/pipeline_processing-*.dist-info/entry_points.txt")
    assert "pipeline-processing-get-s3-files = jobs.agencies.get_s3_files:console" in registered.read_text()


def test_the_development_script_takes_the_same_arguments_and_installs_unless_told_not_to(tmp_path: Path) -> None:
    """A checkout whose `make setup` says that it ran, and whose program says what it was called with."""
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "develop.sh"
    script.write_text((ROOT / "scripts/develop.sh").read_text())
    program = tmp_path / ".venv/bin/pipeline-processing"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "called with $*"\n')
    for made in (script, program):
        made.chmod(0o755)
    (tmp_path / "Makefile").write_text("setup:\n\t@echo installed\n")

    def started(**variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(script), "--agency-id", "10"]
        surroundings = {"PATH": "/usr/bin:/bin", **variables}
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)

    first, second = started(), started(SKIP_INSTALL="1")
    assert (first.stdout, first.stderr) == ("called with --agency-id 10\n", "installed\n")
    assert (second.stdout, second.stderr) == ("called with --agency-id 10\n", "")
    program.unlink()
    assert started(SKIP_INSTALL="1").returncode == 2


@needs_namespaces
@pytest.mark.skipif(
    not list(Path("/usr/lib").glob("*/libnss_wrapper.so")),
    reason="the image has libnss-wrapper, this machine has not (Debian: apt-get install libnss-wrapper)",
)
@pytest.mark.night
def test_a_user_without_a_name_runs_a_job_on_spark_as_the_cluster_samples_do(image: ImageTree, work: Path) -> None:
    """Through spark-submit, as soon as SPARK_MASTER says where; Hadoop refuses users without a name, so it gets one."""
    variables = {"SPARK_MASTER": "local[1]", "READER": "spark"}
    arguments = ("check_file", "trips.csv", "--schema", "trips.json", "--json", "out.json")
    run = _run(image, work, *arguments, within=NAMELESS, variables=variables)
    assert (work / "out.json").exists(), run.stdout[-3000:] + run.stderr[-3000:]
    by_spark = json.loads((work / "out.json").read_text())
    assert run.returncode == (0 if by_spark["passed"] else 1)
    assert _run(image, work, *arguments).returncode == run.returncode
    assert by_spark["score"] == json.loads((work / "out.json").read_text())["score"]


def test_an_executor_is_started_as_spark_on_kubernetes_expects(image: ImageTree, work: Path) -> None:
    """The real class, which knows all its options and then finds no driver."""
    variables = {
        "SPARK_JAVA_OPT_1": "-Dname=a value",
        "SPARK_JAVA_OPT_0": "-Xss4m",
        "SPARK_EXECUTOR_MEMORY": "256m",
        "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@127.0.0.1:1",
        "SPARK_EXECUTOR_ID": "7",
        "SPARK_EXECUTOR_CORES": "2",
        "SPARK_APPLICATION_ID": "app",
        "SPARK_EXECUTOR_POD_IP": "127.0.0.1",
        "SPARK_RESOURCE_PROFILE_ID": "0",
        "SPARK_EXECUTOR_POD_NAME": "pod",
        "JDK_JAVA_OPTIONS": "-XshowSettings:all",
    }
    run = _run(image, work, "executor", variables=variables)
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "Unrecognized options" not in said
    assert "Connection refused" in said or "Failed to connect to /127.0.0.1:1" in said
    settings = {line.strip() for line in said.splitlines()}
    assert {"name = a value", "Stack Size: 4.00M", "Min. Heap Size: 256.00M", "Max. Heap Size: 256.00M"} <= settings


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _health(image: ImageTree, work: Path, within: list[str] | None = None, **variables: str) -> int:
    command = [*(within or []), *image.healthcheck]
    environment = image.environment(**variables)
    return subprocess.run(command, cwd=work, env=environment, capture_output=True, check=False).returncode


def test_a_server_is_as_healthy_as_it_says(image: ImageTree, work: Path) -> None:
    with _served() as address:
        assert _health(image, work, HEALTH_URL=f"{address}/health") == 0
        assert _health(image, work, HEALTH_URL=f"{address}/else") != 0
    assert _health(image, work, HEALTH_URL=f"{address}/health") != 0


@needs_namespaces
def test_any_other_job_is_healthy_while_its_process_lives(image: ImageTree, work: Path) -> None:
    """The first process has one child, the job, until it is told that the job has ended."""
    program = "import subprocess, sys; job = subprocess.Popen(['sleep', '600']); print('up', flush=True); input();"
    program += " job.kill(); job.wait(); print('ended', flush=True); input()"
    with subprocess.Popen(
        [*OWN_PROCESSES, sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as outer:
        assert outer.stdin is not None
        assert outer.stdout is not None
        assert outer.stdout.readline() == "up\n"
        first = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()[0]
        within = ["nsenter", "--target", first, "--user", "--pid", "--mount", "--preserve-credentials"]
        assert _health(image, work, within) == 0
        print(file=outer.stdin, flush=True)
        assert outer.stdout.readline() == "ended\n"
        assert _health(image, work, within) != 0
        print(file=outer.stdin, flush=True)


def _documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "conf/k8s" / name).read_text()))


def test_pods_run_as_the_images_user_and_keep_scratch_in_memory(image: ImageTree) -> None:
    driver = _documents("watch-files.yaml")[0]["spec"]["template"]["spec"]
    executor = _documents("executor.yaml")[0]["spec"]
    serve = _documents("serve.yaml")[0]["spec"]["template"]["spec"]
    for pod in (driver, executor, serve):
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == image.user
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
    scratch = [volume for volume in executor["volumes"] if volume["name"].startswith("spark-local-dir-")]
    assert [volume["emptyDir"]["medium"] for volume in scratch] == ["Memory"]


def test_service_accounts_of_the_pods_exist_and_have_roles() -> None:
    accounts = {
        item["metadata"]["name"]: item["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        for item in _documents("access.yaml")
        if item["kind"] == "ServiceAccount"
    }
    driver = _documents("watch-files.yaml")[0]["spec"]["template"]["spec"]
    arguments = next(item["value"] for item in driver["containers"][0]["env"] if item["name"] == "SPARK_SUBMIT_ARGS")
    assert driver["serviceAccountName"] in accounts
    assert "serviceAccountName=pipeline-executor" in arguments
    assert "pipeline-executor" in accounts


def test_the_sample_of_the_service_asks_what_it_answers_and_everything_in_it_is_about_the_same_pods() -> None:
    deployment, service, budget, policy = (one["spec"] for one in _documents("serve.yaml"))
    labels = deployment["template"]["metadata"]["labels"]
    (container,) = deployment["template"]["spec"]["containers"]
    assert service["selector"] == labels
    assert [one["matchLabels"] for one in (deployment["selector"], budget["selector"], policy["podSelector"])] == (
        [labels] * 3
    )
    assert budget["minAvailable"] < deployment["replicas"]
    (port,) = container["ports"]
    assert str(port["containerPort"]) == container["args"][-1]
    assert service["ports"][0]["targetPort"] == policy["ingress"][0]["ports"][0]["port"] == port["name"]
    paths = {route.path for route in router.routes if isinstance(route, APIRoute)}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in paths
    known = {name.upper() for name in declared_fields(ROOMS)}
    assert {item["name"] for item in container["env"]} <= known


def test_the_sample_of_documents_has_an_account_with_a_role_and_is_not_repeated_where_somebody_has_to_act() -> None:
    job = _documents("get-s3-files.yaml")[0]["spec"]
    pod = job["template"]["spec"]
    roles = [item["metadata"]["name"] for item in _documents("access.yaml") if item["kind"] == "ServiceAccount"]
    assert pod["serviceAccountName"] in roles
    assert job["backoffLimit"] == 3
    (rule,) = job["podFailurePolicy"]["rules"]
    (container,) = pod["containers"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1, 2])
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert container["args"][::2] == ["--agency-id", "--source-bucket", "--destination-bucket"]


@pytest.fixture(scope="module")
def emr_request() -> dict[str, Any]:
    request: dict[str, Any] = json.loads((ROOT / "conf/emr/job-run.json").read_text())
    return request


def _properties(request: Mapping[str, Any]) -> dict[str, str]:
    (configuration,) = request["configurationOverrides"]["applicationConfiguration"]
    assert configuration["classification"] == "spark-defaults"
    properties: dict[str, str] = configuration["properties"]
    return properties


def test_the_emr_sample_is_a_request_that_aws_takes(emr_request: dict[str, Any]) -> None:
    """By the description of the service that boto3 ships: names, nesting, types, what is required."""
    service = botocore.session.get_session().get_service_model("emr-serverless")
    shape = service.operation_model("StartJobRun").input_shape
    assert shape is not None
    token = {"clientToken": "made by the command line"}
    assert ParamValidator().validate({**emr_request, **token}, shape).generate_report() == ""
    wrong = {**emr_request, **token, "jobDriver": {"sparkSubmits": {}}}
    assert ParamValidator().validate(wrong, shape).has_errors()


def test_the_emr_sample_has_the_settings_of_sessions_for_files(emr_request: dict[str, Any]) -> None:
    """All but those of S3A, which EMR replaces, of the driver's size, and of what is shown."""
    left_out = ("spark.hadoop.fs.s3a.", "spark.driver.memory", "spark.ui.")
    wanted = {name: value for name, value in FILES.options().items() if not name.startswith(left_out)}
    ours = {name: value for name, value in _properties(emr_request).items() if name in FILES.options()}
    assert ours == wanted


@pytest.mark.night
def test_the_emr_sample_starts_what_spark_submit_starts(emr_request: dict[str, Any], tmp_path: Path) -> None:
    """The same script and archives under the same names, found by the same variables, for a job there is."""
    recorder = tmp_path / "spark-submit"
    recorder.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/words\n')
    recorder.chmod(0o755)
    submit = emr_request["jobDriver"]["sparkSubmit"]
    job, *rest = submit["entryPointArguments"]
    assert job in job_names()
    variables = {"SPARK_MASTER": "yarn", "SPARK_JARS": "none", "SPARK_SUBMIT": str(recorder), "VENV": sys.prefix}
    subprocess.run(
        [ROOT / "spark-submit.sh", job, *rest],
        env={"PATH": "/usr/bin:/bin", **variables},
        check=True,
        capture_output=True,
    )
    words = (tmp_path / "words").read_text().splitlines()
    script = next(word for word in words if word.endswith("run_job.py"))
    assert words[words.index(script) + 1 :] == [job, *rest]
    assert submit["entryPoint"].rpartition("/")[2] == Path(script).name

    def archives(listed: str) -> list[str]:
        return [archive.rpartition("/")[2] for archive in listed.split(",")]

    flag, listed = submit["sparkSubmitParameters"].split()
    assert archives(listed) == archives(words[words.index(flag) + 1])
    confs = dict(word.split("=", 1) for before, word in itertools.pairwise(words) if before == "--conf")
    properties = _properties(emr_request)
    assert properties["spark.executorEnv.PYTHONPATH"] == confs["spark.executorEnv.PYTHONPATH"]
    assert properties["spark.emr-serverless.driverEnv.PYTHONPATH"] == confs["spark.yarn.appMasterEnv.PYTHONPATH"]
    assert properties["spark.executorEnv.PYSPARK_PYTHON"] == properties["spark.emr-serverless.driverEnv.PYSPARK_PYTHON"]
    assert {name: confs[name] for name in FILES.options()} == FILES.options()
