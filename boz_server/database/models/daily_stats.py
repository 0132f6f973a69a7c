"""What was done on each day, kept after the jobs themselves are pruned."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, default, defaulted, one_of
from boz_server.database.models.base import BaseModel
from boz_server.domain.queue.job_states import JobType
from boz_server.domain.statistics.runs import KEY, MAX_PRESET_LENGTH, Outcome


class DailyStats(BaseModel):
    """The sums over one kind of runs on one day; values only ever grow.

    A run is the end of a job, or an attempt that was lost. The key begins with the day, because
    statistics are queried by day. No foreign keys: statistics outlive machines and jobs.
    """

    #: The UTC day on which the runs ended.
    day = peewee.DateField()
    job_type = EnumField(JobType)
    outcome = EnumField(Outcome)
    #: The worker that had the job; empty if none had it, as with rips.
    worker_id = peewee.CharField(max_length=100)
    #: HandBrake preset; empty for jobs without one.
    preset = peewee.CharField(max_length=MAX_PRESET_LENGTH)
    #: Lower bound of the durations in seconds (see domain/statistics/runs.py); -1 if they
    #: are unknown.
    duration_bucket = peewee.IntegerField()
    #: Number of runs; 0 if only the sizes of results were added later.
    runs = peewee.IntegerField(**defaulted(0))
    #: Total duration of the runs, as far as known.
    busy_seconds = peewee.DoubleField(default=0.0, constraints=default(0))
    #: Total duration of those runs whose input's size is known.
    sized_seconds = peewee.DoubleField(default=0.0, constraints=default(0))
    #: Total size of their inputs, as far as known.
    input_bytes = peewee.BigIntegerField(**defaulted(0))
    #: Total size of their results, as far as known.
    output_bytes = peewee.BigIntegerField(**defaulted(0))
    #: Over the transcodes with both sizes known: their number, the total size of their inputs, and
    #: how much smaller the results are (negative if they are larger).
    compared_runs = peewee.IntegerField(**defaulted(0))
    compared_bytes = peewee.BigIntegerField(**defaulted(0))
    saved_bytes = peewee.BigIntegerField(**defaulted(0))

    class Meta:
        table_name = "daily_stats"
        primary_key = peewee.CompositeKey(*KEY)
        constraints: ClassVar = [
            one_of("job_type", JobType, "daily_stats_job_type"),
            one_of("outcome", Outcome, "daily_stats_outcome"),
        ]
