#!/usr/bin/env bash
# Runs a job on a Spark cluster: ./spark-submit.sh JOB [ARGS]
#
# The same job as `pipeline-processing JOB ARGS`, with the package and its Python environment sent along.
#   SPARK_MASTER        spark://host:7077, yarn, k8s://https://host:6443 (default: local[*])
#   SPARK_SUBMIT_ARGS   more for spark-submit, e.g. "--deploy-mode cluster --executor-memory 4g --conf a=b"
#   SPARK_ENVIRONMENT   packed (default off this machine): code and packages travel as archives;
#                       present: the nodes or the image have them already, at the same place
#   SPARK_NODE_PYTHON   Python on the nodes (default: python3.N as in .venv; with `present` that of .venv itself)
#   SPARK_SUBMIT        the spark-submit to use (default: that of .venv; on EMR /usr/bin/spark-submit)
#   SPARK_PROFILE       what kind of session: files, or tables for Delta and SQL (default: the job's)
#   SPARK_JARS          comma-separated jars (default: those of the profile, fetched by `make setup`; none: the cluster has its own)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${VENV:-$here/.venv}
[[ $venv = /* ]] || venv=$here/$venv
python=$venv/bin/python
if [ $# -eq 0 ]; then
  echo 'usage: ./spark-submit.sh JOB [ARGS]   (./spark-submit.sh list shows the jobs)' >&2
  exit 2
fi
[ -x "$python" ] || { echo "spark-submit.sh: there is no $venv; run make setup" >&2; exit 2; }

master=${SPARK_MASTER:-local[*]}
submit=${SPARK_SUBMIT:-$venv/bin/spark-submit}
if [ -z "${SPARK_SUBMIT:-}" ]; then # another Spark's own submit knows its home
  SPARK_HOME=$("$python" -c 'from etl_core.spark.jars import spark_home; print(spark_home())')
  export SPARK_HOME
fi
options=(--master "$master")

# Sessions for files have other settings and fewer jars than those for tables. The cluster's own spark-defaults.conf
# holds where the profile says nothing.
profile=${SPARK_PROFILE:-$("$python" -m jobs.running.session_profiles "$1")}
settings=$("$python" -m etl_core.spark.profiles settings "$profile")
while IFS= read -r setting; do
  options+=(--conf "$setting")
done <<<"$settings"

case ${SPARK_JARS:-} in
  none) ;;
  '')
    jars=$("$python" -m etl_core.spark.profiles jars "$profile")
    options+=(--jars "$jars")
    ;;
  *) options+=(--jars "$SPARK_JARS") ;;
esac

case $master in
  local*)
    default=present
    export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1} # talks to itself only
    ;;
  *) default=packed ;;
esac
case ${SPARK_ENVIRONMENT:-$default} in
  present)
    export PYSPARK_PYTHON=${SPARK_NODE_PYTHON:-$python}
    ;;
  packed)
    "$python" "$here/scripts/pack.py"
    PYSPARK_PYTHON=${SPARK_NODE_PYTHON:-$("$python" -c 'import sys; print(f"python3.{sys.version_info[1]}")')}
    export PYSPARK_PYTHON
    options+=(
      --archives "$here/dist/code.tar.gz#code,$here/dist/environment.tar.gz#environment"
      --conf spark.executorEnv.PYTHONPATH=./code:./environment
      --conf spark.yarn.appMasterEnv.PYTHONPATH=./code:./environment
    )
    ;;
  *)
    echo "spark-submit.sh: SPARK_ENVIRONMENT is '$SPARK_ENVIRONMENT'; packed or present are possible" >&2
    exit 2
    ;;
esac

# The driver runs here unless SPARK_SUBMIT_ARGS says otherwise: with this environment, and logging as the program does.
export PYSPARK_DRIVER_PYTHON=$python
case " ${SPARK_SUBMIT_ARGS:-} " in
  *' --deploy-mode cluster '* | *'spark.submit.deployMode=cluster'*)
    unset PYSPARK_DRIVER_PYTHON
    ;;
  *)
    # Planning of the streaming source runs on the driver with the nodes' Python: it finds the packages here.
    PYTHONPATH=$here:$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')${PYTHONPATH:+:$PYTHONPATH}
    export PYTHONPATH
    options+=(--driver-java-options "-Dlog4j2.configurationFile=file://$here/conf/log4j2.properties")
    ;;
esac

# The JVM looks for keys in its environment, under AWS's names.
[ -z "${S3_ACCESS_KEY:-}" ] || export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY
[ -z "${S3_SECRET_KEY:-}" ] || export AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
[ -z "${S3_REGION:-}" ] || export AWS_REGION=$S3_REGION

# spark-submit puts both outputs of the program on its stdout. Told where stderr is, the program writes there itself, so
# that stdout is the job's result. A file would be written from two places, each over the other: that goes through cat.
if [ -e "/proc/$$/fd/2" ]; then
  [ -t 2 ] || [ -p /dev/stderr ] || exec 2> >(exec cat >&2)
  export PIPELINE_STDERR=/proc/$$/fd/2
fi

# shellcheck disable=SC2206 # the variable holds words
more=(${SPARK_SUBMIT_ARGS:-})
exec "$submit" "${options[@]}" "${more[@]}" "$here/scripts/run_job.py" "$@"
