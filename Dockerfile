# pipeline-processing as one image: a Java runtime, the locked environment, Spark's jars, and nothing of the build.
# The same image serves as driver and as executor on Kubernetes (conf/k8s).
# Pinned by the digest of the index of all platforms. `docker buildx imagetools inspect python:3.11-slim-bookworm` shows
# today's; a newer one is a change like any other.
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS java
# Debian's security fixes are wanted, so the version is not pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless tini libnss-wrapper \
 && rm -rf /var/lib/apt/lists/*

FROM java AS build
WORKDIR /build
COPY requirements.lock requirements-runtime.lock ./
# What builds comes first and from the lock: PySpark is source, and nothing else may take part in building it.
RUN awk '/^[a-z0-9]/ {keep = /^(hatchling|packaging|pathspec|pluggy|setuptools|tomlkit|trove-classifiers|wheel)==/} keep' \
      requirements.lock > build.lock \
 && awk '/^[a-z0-9]/ {keep = /^pyspark==/} keep' requirements-runtime.lock > pyspark.lock \
 && awk '/^[a-z0-9]/ {keep = !/^pyspark==/} keep' requirements-runtime.lock > others.lock \
 && python -m venv /opt/build \
 && python -m venv --without-pip /opt/pipeline \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r build.lock \
 && /opt/build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --require-hashes -w wheels -r pyspark.lock \
 && /opt/build/bin/pip --python /opt/pipeline install --no-cache-dir --require-hashes -r others.lock \
 && /opt/build/bin/pip --python /opt/pipeline install --no-cache-dir --no-deps wheels/pyspark-*.whl
COPY pyproject.toml README.md CHANGELOG.md ./
COPY conf conf
COPY etl_core etl_core
COPY dq dq
COPY pipelines pipelines
COPY operations operations
COPY service service
COPY jobs jobs
RUN /opt/build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps -w wheels . \
 && /opt/build/bin/pip --python /opt/pipeline install --no-cache-dir --no-deps wheels/pipeline_processing-*.whl
# From elsewhere, so that the installed package fetches the jars for its environment, not the sources for theirs.
WORKDIR /
RUN /opt/pipeline/bin/python -m etl_core.spark.jars

FROM java
LABEL org.opencontainers.image.title="pipeline-processing" \
      org.opencontainers.image.description="Scores the files that land in S3 and writes their data-quality verdicts to Postgres." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim-bookworm"
# What was built needs nothing that builds.
RUN python -m pip uninstall --yes --quiet --root-user-action ignore setuptools wheel pip
COPY --from=build /opt/pipeline /opt/pipeline
COPY scripts/container.sh /opt/pipeline/bin/container
COPY spark-submit.sh /opt/pipeline/submit/
COPY scripts/run_job.py /opt/pipeline/submit/scripts/
COPY conf/log4j2.properties /opt/pipeline/submit/conf/
ENV PATH=/opt/pipeline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PIPELINE_IMAGE=1 \
    SPARK_HOME=/opt/pipeline/lib/python3.11/site-packages/pyspark
# 185 is the user that Spark's own Kubernetes images run as; nothing in the image belongs to it. Hadoop wants it to have a
# name; any other user gets one at the start.
RUN useradd --uid 185 --gid 0 --home-dir /var/lib/pipeline --no-create-home pipeline \
 && install -d -o 185 -g 0 -m 0775 /var/lib/pipeline
USER 185:0
WORKDIR /var/lib/pipeline
# `serve` answers on its port; any other job is healthy while its process lives.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["/opt/pipeline/bin/container", "healthy"]
ENTRYPOINT ["tini", "--", "/opt/pipeline/bin/container"]
CMD ["watch_files"]
