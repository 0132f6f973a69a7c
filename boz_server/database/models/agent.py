"""Agents: PCs with optical drives."""

from typing import ClassVar

import peewee

from boz_server.database.fields import (
    EnumField,
    ReferenceWithinTable,
    UTCDateTimeField,
    default,
    one_of,
)
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.machines.presence import AgentStatus


class Agent(BaseModel):
    """A PC with optical drives, which reports discs and rips them."""

    #: The agent's own id, stable over its restarts.
    agent_id = peewee.CharField(max_length=100, primary_key=True)
    #: What people call it.
    name = peewee.TextField()
    #: As last reported; an agent that has gone silent counts as offline whatever stands here.
    status = EnumField(
        AgentStatus, default=AgentStatus.ONLINE, constraints=default(AgentStatus.ONLINE)
    )
    #: {can_rip, can_transcode, gpu_type} and whatever else the agent tells.
    capabilities = peewee.JSONField(default=dict)
    #: The job it works on; null when idle. Set from the jobs it reports on.
    current_job_id = peewee.CharField(
        max_length=36,
        null=True,
        constraints=[ReferenceWithinTable("REFERENCES jobs (job_id) ON DELETE SET NULL")],
    )
    #: Its latest sign of life.
    last_heartbeat = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When it first registered; kept when it registers again.
    registered_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))

    class Meta:
        table_name = "agents"
        constraints: ClassVar = [one_of("status", AgentStatus, "agents_status")]


index("idx_agents_status", Agent, Agent.status)
