"""What every test shares: the clock's zone, an environment without a developer's settings, Hypothesis' profiles."""

from __future__ import annotations

import os
import time

import hypothesis

pytest_plugins = [
    "tests.ledgers",
    "tests.local_s3",
    "tests.local_spark",
    "tests.standalone_cluster",
    "tests.versitygw",
]

os.environ["TZ"] = "UTC"
time.tzset()

# A developer's own settings, and where the tests run, must not decide about one.
IN_A_CONTAINER = ("PIPELINE_IMAGE", "KUBERNETES_SERVICE_HOST")
for name in (
    "DATABASE_URL",
    "POLL_QUEUE_URL",
    "S3_ENDPOINT",
    "S3_REGION",
    "SQS_ENDPOINT",
    "AWS_PROFILE",
    *IN_A_CONTAINER,
):
    os.environ.pop(name, None)

# A JVM of a test lives too short for its second compiler: with the first alone Spark takes two thirds of the processor.
os.environ.setdefault("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1")

# `quick` is for `make check`, `dev` finds new things, `ci` repeats itself (more of the same would find nothing new),
# `thorough` is for a long evening, `long` for a night of schedules (tests/simulation); HYPOTHESIS_PROFILE chooses.
hypothesis.settings.register_profile("quick", deadline=None, print_blob=True, max_examples=20)
hypothesis.settings.register_profile("dev", deadline=None, print_blob=True, max_examples=60)
hypothesis.settings.register_profile(
    "ci", deadline=None, print_blob=True, derandomize=True, database=None, max_examples=25
)
hypothesis.settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2000)
hypothesis.settings.register_profile("long", deadline=None, print_blob=True, max_examples=10_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))
