"""Agents: PCs with optical drives."""

from typing import ClassVar

import peewee

from boz_server.database.fields import (
    EnumField,
    JSONField,
    ReferenceWithinTable,
    UTCDateTimeField,
    default,
    defaulted,
    one_of,
)
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.machines.presence import AgentStatus


class Agent(BaseModel):
    """A PC with optical drives that reports discs and rips them."""

    #: The agent's own id, stable over its restarts.
    agent_id = peewee.CharField(max_length=100, primary_key=True)
    #: Name for people, chosen by the agent.
    name = peewee.TextField()
    #: As last reported. An agent that has stopped responding counts as offline whatever this says.
    status = EnumField(AgentStatus, **defaulted(AgentStatus.ONLINE))
    #: {can_rip, can_transcode, gpu_type} and further keys that the agent sends.
    capabilities = JSONField(default=dict)
    #: The job it is working on; null when idle. The server sets it from the agent's jobs.
    current_job_id = peewee.CharField(
        max_length=36,
        null=True,
        constraints=[ReferenceWithinTable("REFERENCES jobs (job_id) ON DELETE SET NULL")],
    )
    #: When its last sign of life was noted: any heartbeat, and what else it sends if that was long
    #: ago.
    last_heartbeat = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When it first registered; later registrations don't change it.
    registered_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: The agent that followed it on the same machine, under another id; null if none did.
    succeeded_by = peewee.CharField(max_length=100, null=True)

    class Meta:
        table_name = "agents"
        constraints: ClassVar = [one_of("status", AgentStatus, "agents_status")]


index("idx_agents_status", Agent, Agent.status)
