#!/usr/bin/env bash
# What the container does with its arguments: a job with its arguments (in one process, or on the cluster that
# SPARK_MASTER names), arguments alone (those of get_s3_files), `healthy`, or an executor of Spark on Kubernetes.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) # /opt/pipeline

# Clusters may run containers as any user, but Java and Hadoop refuse one without a name. Nobody may write /etc/passwd, so
# a library stands in for it.
if ! getent passwd "$(id -u)" >/dev/null; then
  library=$(echo /usr/lib/*/libnss_wrapper.so)
  [ -e "$library" ] || { echo "container: user $(id -u) has no name, and libnss-wrapper is not installed" >&2; exit 2; }
  NSS_WRAPPER_PASSWD=$(mktemp)
  printf 'pipeline:x:%s:%s::%s:/bin/false\n' "$(id -u)" "$(id -g)" "$PWD" >"$NSS_WRAPPER_PASSWD"
  export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP=/etc/group LD_PRELOAD=$library
fi

case ${1:-} in
  healthy)
    # A server says so itself; of any other job the first process (tini) has a child while it lives.
    if [ -n "${HEALTH_URL:-}" ]; then
      exec "$home/bin/python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)' "$HEALTH_URL"
    fi
    [ -n "$(cat /proc/1/task/1/children)" ]
    ;;
  executor)
    # Spark asks for an executor by this argument and by variables; the command line is that of Spark's own image. The
    # jars for S3 or tables come from the driver: which ones depends on the job.
    mapfile -t java_options < <(env | sed -n 's/^SPARK_JAVA_OPT_\([0-9]*\)=/\1 /p' | sort -n | cut -d' ' -f2-)
    exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${java_options[@]}" \
      "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
      -cp "$PWD:$SPARK_HOME/jars/*" \
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
      --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" \
      --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" --podName "$SPARK_EXECUTOR_POD_NAME"
    ;;
  --*)
    # Arguments without a job's name: those of get_s3_files, which needs no Spark.
    exec "$home/bin/pipeline-processing" "$@"
    ;;
  *)
    if [ -n "${SPARK_MASTER:-}" ]; then
      VENV=$home SPARK_ENVIRONMENT=present exec "$home/submit/spark-submit.sh" "$@"
    fi
    exec "$home/bin/pipeline-processing" "$@"
    ;;
esac
