"""What was done on each day: kept when the jobs themselves are gone."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, default, one_of
from boz_server.database.models.base import BaseModel
from boz_server.domain.queue.job_states import JobType
from boz_server.domain.statistics.runs import KEY, MAX_PRESET_LENGTH, Outcome


class DailyStats(BaseModel):
    """What runs of one kind add up to on one day; rows are only ever added to.

    A run is an end of a job, or an attempt that was lost. The key begins with the day, by which
    statistics are asked for. No foreign keys: statistics outlive machines and jobs.
    """

    #: The UTC day on which they ended.
    day = peewee.DateField()
    job_type = EnumField(JobType)
    outcome = EnumField(Outcome)
    #: The worker that had the job; empty where none had it, as with rips.
    worker_id = peewee.CharField(max_length=100)
    #: HandBrake preset; empty for what has none.
    preset = peewee.CharField(max_length=MAX_PRESET_LENGTH)
    #: The least whole second of the durations that are in here, see domain/durations.py; -1: they
    #: are not known.
    duration_bucket = peewee.IntegerField()
    #: How many; 0 where only the sizes of results came here later.
    runs = peewee.IntegerField(default=0, constraints=default(0))
    #: How long they took altogether, as far as that is known.
    busy_seconds = peewee.DoubleField(default=0.0, constraints=default(0))
    #: Of that the time of those whose file's size is known.
    sized_seconds = peewee.DoubleField(default=0.0, constraints=default(0))
    #: Of their files, as far as known.
    input_bytes = peewee.BigIntegerField(default=0, constraints=default(0))
    #: Of their results, as far as known.
    output_bytes = peewee.BigIntegerField(default=0, constraints=default(0))
    #: How many of them are transcodes with both sizes known, the files of those, and how much
    #: larger these were than the results; negative where those are larger.
    compared_runs = peewee.IntegerField(default=0, constraints=default(0))
    compared_bytes = peewee.BigIntegerField(default=0, constraints=default(0))
    saved_bytes = peewee.BigIntegerField(default=0, constraints=default(0))

    class Meta:
        table_name = "daily_stats"
        primary_key = peewee.CompositeKey(*KEY)
        constraints: ClassVar = [
            one_of("job_type", JobType, "daily_stats_job_type"),
            one_of("outcome", Outcome, "daily_stats_outcome"),
        ]
