"""What the maintenance loop keeps: who runs it, and how its steps went."""

import peewee

from boz_server.database.fields import UTCDateTimeField
from boz_server.database.models.base import BaseModel


class Lease(BaseModel):
    """A duty that one process of all has at a time."""

    #: Name of the duty.
    name = peewee.CharField(max_length=50, primary_key=True)
    #: The process that has it; null once it has let go.
    holder = peewee.CharField(max_length=100, null=True)
    #: The holder's latest word that it is there.
    renewed_at = UTCDateTimeField()

    class Meta:
        table_name = "leases"


class MaintenanceRun(BaseModel):
    """The latest run of one step."""

    #: Name of the step.
    step = peewee.CharField(max_length=50, primary_key=True)
    started_at = UTCDateTimeField()
    duration_seconds = peewee.DoubleField()
    #: What went wrong; null when nothing did.
    error = peewee.TextField(null=True)

    class Meta:
        table_name = "maintenance_runs"
