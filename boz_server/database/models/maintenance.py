"""What the maintenance loop stores: which process leads, and how its steps went."""

import peewee

from boz_server.database.fields import UTCDateTimeField
from boz_server.database.models.base import BaseModel


class Lease(BaseModel):
    """A leadership, which one of the server's processes has at a time."""

    #: Name of the leadership.
    name = peewee.CharField(max_length=50, primary_key=True)
    #: The process that leads; null once it has stepped down.
    holder = peewee.CharField(max_length=100, null=True)
    #: When the leader last renewed it.
    renewed_at = UTCDateTimeField()

    class Meta:
        table_name = "leases"


class MaintenanceRun(BaseModel):
    """The latest run of a maintenance step."""

    #: Name of the step.
    step = peewee.CharField(max_length=50, primary_key=True)
    started_at = UTCDateTimeField()
    duration_seconds = peewee.DoubleField()
    #: What went wrong; null when the run succeeded.
    error = peewee.TextField(null=True)

    class Meta:
        table_name = "maintenance_runs"
