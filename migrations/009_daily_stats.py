"""Statistics that outlive jobs, and the size of a job's result.

Frozen: never imports the models. docs/schema.md explains the columns.
The column is added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

ZERO: list[pw.Node] = [pw.Default(0)]
KEY = ("day", "job_type", "outcome", "worker_id", "preset", "duration_bucket")
TYPES = ("rip", "transcode", "organize")
OUTCOMES = ("completed", "failed", "cancelled", "retried")
LONGEST_SECONDS = 2**22
LARGEST_BYTES = 2**44

# What differs between the engines. A job's duration starts when it started, else when it was
# assigned.
BEGAN = "COALESCE(started_at, assigned_at)"
SQLITE = {
    "day": "SUBSTR(COALESCE(completed_at, created_at), 1, 10)",
    "seconds": f"(JULIANDAY(completed_at) - JULIANDAY({BEGAN})) * 86400.0",
    "whole": "CAST(seconds + 0.5 AS INTEGER)",
}
POSTGRESQL = {
    "day": "CAST(COALESCE(completed_at, created_at) AT TIME ZONE 'UTC' AS DATE)",
    "seconds": f"CAST(EXTRACT(EPOCH FROM completed_at - {BEGAN}) AS DOUBLE PRECISION)",
    "whole": "CAST(FLOOR(seconds + 0.5) AS INTEGER)",
}


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add column and table, and count each job that is already over once."""
    migrator.add_fields("jobs", output_file_size=pw.BigIntegerField(null=True))
    create_daily_stats(migrator)
    migrator.sql(backfill(SQLITE if isinstance(database, pw.SqliteDatabase) else POSTGRESQL))


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; the statistics of deleted jobs are lost."""
    migrator.remove_model("daily_stats", cascade=True)
    migrator.remove_fields("jobs", "output_file_size")


def create_daily_stats(migrator):
    class DailyStats(pw.Model):
        day = pw.DateField()
        job_type = pw.CharField(max_length=20)
        outcome = pw.CharField(max_length=20)
        worker_id = pw.CharField(max_length=100)
        preset = pw.CharField(max_length=255)
        duration_bucket = pw.IntegerField()
        runs = pw.IntegerField(constraints=ZERO)
        busy_seconds = pw.DoubleField(constraints=ZERO)
        sized_seconds = pw.DoubleField(constraints=ZERO)
        input_bytes = pw.BigIntegerField(constraints=ZERO)
        output_bytes = pw.BigIntegerField(constraints=ZERO)
        compared_runs = pw.IntegerField(constraints=ZERO)
        compared_bytes = pw.BigIntegerField(constraints=ZERO)
        saved_bytes = pw.BigIntegerField(constraints=ZERO)

        class Meta:
            table_name = "daily_stats"
            primary_key = pw.CompositeKey(*KEY)
            constraints = [  # noqa: RUF012
                one_of("job_type", TYPES, "daily_stats_job_type"),
                one_of("outcome", OUTCOMES, "daily_stats_outcome"),
            ]

    migrator.create_model(DailyStats)


def backfill(words):
    """The statement that counts jobs that are over; the sizes of their results are unknown."""
    over = (
        f"SELECT {words['day']} AS day, job_type, status AS outcome,"  # noqa: S608
        " COALESCE(assigned_worker_id, '') AS worker_id,"
        " SUBSTR(COALESCE(preset, ''), 1, 255) AS preset,"
        f" {words['seconds']} AS seconds, input_file_size AS size"
        " FROM jobs WHERE status IN ('completed', 'failed', 'cancelled')"
    )
    known = (
        "SELECT day, job_type, outcome, worker_id, preset,"  # noqa: S608
        f" CASE WHEN seconds > 0 AND seconds <= {LONGEST_SECONDS} THEN seconds END AS seconds,"
        f" CASE WHEN size > 0 AND size <= {LARGEST_BYTES} THEN size END AS size"
        f" FROM ({over}) AS ended"
    )
    counted = f"SELECT known.*, {words['whole']} AS whole FROM ({known}) AS known"  # noqa: S608
    return (
        f"INSERT INTO daily_stats ({', '.join(KEY)},"  # noqa: S608
        " runs, busy_seconds, sized_seconds, input_bytes)"
        f" SELECT day, job_type, outcome, worker_id, preset, {bucket('whole')} AS bucket,"
        " COUNT(*), COALESCE(SUM(seconds), 0),"
        " COALESCE(SUM(CASE WHEN size IS NOT NULL THEN seconds END), 0), COALESCE(SUM(size), 0)"
        f" FROM ({counted}) AS counted"
        " GROUP BY 1, 2, 3, 4, 5, 6"
    )


def bucket(whole):
    """The lowest whole second of the bucket: one bucket per second up to 32 s, then 16 for each
    doubling; -1 for an unknown duration."""
    doublings = " ".join(
        f"WHEN {whole} < {64 << shift} THEN {whole} / {2 << shift} * {2 << shift}"
        for shift in range(18)
    )
    return f"CASE WHEN {whole} IS NULL THEN -1 WHEN {whole} < 32 THEN {whole} {doublings} END"


def one_of(column, values, name):
    """A CHECK that a column has one of these values."""
    return pw.Check(f"{column} IN ({', '.join(repr(value) for value in values)})", name)
