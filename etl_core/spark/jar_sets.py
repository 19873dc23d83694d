"""Which jars there are to load, by need: a set is a name, Maven coordinates, and a list of checksums in `conf/jars`.

A new need is one entry in `JAR_SETS` and one list per tested PySpark, `conf/jars/pyspark-VERSION/NAME.sha256`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from etl_core.errors import SettingsError

# Only the modules of the AWS SDK that S3A touches. The `bundle` that hadoop-aws asks for is 686 MB.
_AWS_SDK = "2.35.4"
_AWS_SDK_MODULES = ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client", "url-connection-client")

#: `group:artifact` pairs (`*` for all of a group) that no set may pull in: Spark brings them, in one version.
NEVER_FETCHED = (
    "software.amazon.awssdk:bundle",  # nobody brings this one, see above
    "org.apache.hadoop:hadoop-client-api",
    "org.apache.hadoop:hadoop-client-runtime",
    "org.slf4j:slf4j-api",
    "commons-logging:commons-logging",  # as jcl-over-slf4j, which has the same classes
    "commons-codec:commons-codec",
    "org.apache.httpcomponents:*",
    "io.netty:*",
)


@dataclass(frozen=True, slots=True)
class InstalledSpark:
    """The versions that decide which jars fit."""

    pyspark: str
    hadoop: str


@dataclass(frozen=True, slots=True)
class JarSet:
    """Jars that are fetched, kept and loaded together.

    Attributes:
        name: of its folder and of its list of checksums.
        purpose: for people, e.g. "S3 (15 MB)".
        coordinates: Maven coordinates by the beginning of the PySpark versions that they fit ("" fits all).
            `{hadoop}` in them stands for the version of the Hadoop that Spark was built with.
        with_dependencies: whether what these jars need comes along; otherwise they are all there is.
        is_for_trying: only the demo and the tests need it, so an installed program fetches it when it is asked for.
    """

    name: str
    purpose: str
    coordinates: Mapping[str, tuple[str, ...]]
    with_dependencies: bool = True
    is_for_trying: bool = False

    def fits(self, spark: InstalledSpark) -> bool:
        """Whether there are jars for this Spark."""
        return any(spark.pyspark.startswith(beginning) for beginning in self.coordinates)

    def coordinates_for(self, spark: InstalledSpark) -> tuple[str, ...]:
        """What to ask a Maven repository for, `group:artifact:version` each.

        Raises:
            SettingsError: no jars of this set are known to fit this Spark.
        """
        for beginning, coordinates in self.coordinates.items():
            if spark.pyspark.startswith(beginning):
                return tuple(coordinate.format(hadoop=spark.hadoop) for coordinate in coordinates)
        known = ", ".join(f"{beginning}*" for beginning in self.coordinates)
        raise SettingsError(
            "Spark's jars",
            [f"no jars for {self.purpose} are known for PySpark {spark.pyspark}; they are for PySpark {known}"],
        )


_SETS = (
    JarSet(
        "s3",
        "S3 (14 MB)",
        {
            # hadoop-aws has to be exactly the Hadoop that the running Spark was built with.
            "": (
                "org.apache.hadoop:hadoop-aws:{hadoop}",
                *(f"software.amazon.awssdk:{module}:{_AWS_SDK}" for module in _AWS_SDK_MODULES),
            ),
        },
    ),
    JarSet(
        "delta",
        "Delta Lake (13 MB)",
        {
            # Delta's jars are made for one Spark; of 4.4 only 4.4.0 is on the Maven registry.
            "4.2.": (
                *(f"io.delta:{artifact}:4.4.0" for artifact in ("delta-spark_4.2_2.13", "delta-storage")),
                *(f"io.delta:delta-kernel-{part}:4.4.0" for part in ("api", "defaults", "unitycatalog")),
                "io.unitycatalog:unitycatalog-client:0.6.0",
                "io.unitycatalog:unitycatalog-hadoop:0.6.0",
            ),
            # What EMR 8 has.
            "4.0.": ("io.delta:delta-spark_2.13:4.0.0", "io.delta:delta-storage:4.0.0"),
        },
        # They name Jackson, Parquet, log4j and Scala in other versions than those that Spark brings and Delta was
        # built to run with.
        with_dependencies=False,
    ),
    JarSet(
        "kafka",
        "Kafka (9 MB)",
        {
            # The connector is made for one Spark, and the client is the one that Spark was built with.
            "4.2.": (
                "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",
                "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.2.0",
                "org.apache.kafka:kafka-clients:3.9.2",
                "org.apache.commons:commons-pool2:2.13.1",
            ),
        },
        # The compression codecs that Kafka's client names are in PySpark.
        with_dependencies=False,
    ),
    # A broker of this machine, for the demo and the tests. A program of its own: no session loads these.
    JarSet("broker", "a Kafka broker (42 MB)", {"": ("org.apache.kafka:kafka_2.13:4.1.1",)}, is_for_trying=True),
    # What the bench compares the batch ETL with reads by it; no session of a job loads it.
    JarSet(
        "postgres",
        "Postgres by JDBC (3 MB)",
        {
            "": (
                "org.postgresql:postgresql:42.7.8",
                # Servers that listen on a Unix socket only, as the embedded one does.
                "com.kohlschutter.junixsocket:junixsocket-common:2.10.1",
                "com.kohlschutter.junixsocket:junixsocket-native-common:2.10.1",
            ),
        },
        # What the driver asks for beside them are annotations that nothing reads at run time.
        with_dependencies=False,
        is_for_trying=True,
    ),
)

JAR_SETS: Mapping[str, JarSet] = MappingProxyType({jar_set.name: jar_set for jar_set in _SETS})
