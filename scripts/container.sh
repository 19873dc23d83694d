#!/usr/bin/env bash
# What the container does with its arguments: a job with its arguments (in one process, or on the cluster that
# SPARK_MASTER names), `healthy`, or an executor of Spark on Kubernetes.
set -euo pipefail

# Clusters may run containers as any user; Hadoop refuses one without a name.
if ! getent passwd "$(id -u)" >/dev/null; then
  export HADOOP_USER_NAME=pipeline SPARK_USER=pipeline
  export JAVA_TOOL_OPTIONS="${JAVA_TOOL_OPTIONS:-} -Duser.name=pipeline"
fi

case ${1:-} in
  healthy)
    # A server says so itself; of any other job the first process (tini) has a child while it lives.
    if [ -n "${HEALTH_URL:-}" ]; then
      exec python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)' "$HEALTH_URL"
    fi
    [ -n "$(cat /proc/1/task/1/children)" ]
    ;;
  executor)
    # Spark asks for an executor by this argument and by variables; the command line is that of Spark's own image.
    mapfile -t java_options < <(env | sed -n 's/^SPARK_JAVA_OPT_\([0-9]*\)=/\1 /p' | sort -n | cut -d' ' -f2-)
    exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${java_options[@]}" \
      "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
      -cp "$PWD:$SPARK_HOME/jars/*:/opt/pipeline/share/pipeline-processing/jars/*/*" \
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
      --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" \
      --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" --podName "$SPARK_EXECUTOR_POD_NAME"
    ;;
  *)
    if [ -n "${SPARK_MASTER:-}" ]; then
      VENV=/opt/pipeline SPARK_ENVIRONMENT=present exec /opt/pipeline/submit/spark-submit.sh "$@"
    fi
    exec pipeline-processing "$@"
    ;;
esac
