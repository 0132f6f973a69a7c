"""Which worker a transcode goes to, or why it has to wait."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from boz_server.domain.queue.presets import PRESETS

GPU_CAPABILITIES = ("nvenc", "qsv", "vaapi")
#: After this many failed jobs in a row a worker is paused, until a person enables it or approves a
#: job for it, or it registers again.
FAILURES_TO_PAUSE = 3


class AssignmentStrategy(StrEnum):
    """How a worker is chosen among those that can take a job."""

    PRIORITY = "priority"
    ROUND_ROBIN = "round_robin"
    LOAD_BALANCE = "load_balance"
    FASTEST_FIRST = "fastest_first"


@dataclass(slots=True)
class Machine:
    """A worker as the dispatcher sees it.

    agent_id: its agent, which fetches its jobs; None for a worker that claims them itself.
    held: open jobs that it has. average_seconds: mean length of a transcode, 0 when unknown.
    last_turn: the greater, the later it was given a job. usual_preset: what it does a job with
    that names none, if it is from no UHD disc; no larger one asks for other hardware.
    """

    worker_id: str
    agent_id: str | None
    capabilities: dict[str, Any]
    online: bool
    enabled: bool
    paused: bool
    held: int
    priority: int
    average_seconds: float
    last_turn: int
    usual_preset: str

    @property
    def room(self) -> int:
        """How many jobs it takes at a time, as it reported."""
        return int(self.capabilities["max_concurrent"])

    @property
    def has_gpu(self) -> bool:
        """Whether it has hardware that encodes video."""
        return any(self.capabilities.get(name) for name in GPU_CAPABILITIES)

    @property
    def fetches(self) -> bool:
        """Whether it downloads files from the server: it polls for jobs itself, or reports so."""
        return self.agent_id is None or bool(self.capabilities.get("can_download"))

    @property
    def shares_files(self) -> bool:
        """Whether it reports that it sees the agents' files under the same paths."""
        return bool(self.capabilities.get("shared_storage"))

    def obstacle(self) -> str | None:
        """Return why it can't take any job now; None when it can."""
        if not self.enabled:
            return "is disabled"
        if self.paused:
            return f"is paused: {FAILURES_TO_PAUSE} jobs in a row failed on it, so enable it again"
        if not self.online:
            return "is offline"
        if self.held >= self.room:
            return f"has as many jobs as it takes ({self.room})"
        return None

    def unfit_presets(self) -> frozenset[str]:
        """Return the known presets that its hardware can't do; unknown ones are not checked."""
        return frozenset(preset.name for preset in PRESETS if not preset.runs_on(self.capabilities))

    def lacks(self, preset: str | None) -> bool:
        """Whether its hardware can't do a preset; None: its usual one."""
        return (preset or self.usual_preset) in self.unfit_presets()


def belonging(
    machines: Iterable[Machine], for_worker_id: str | None, for_agent_id: str | None
) -> list[Machine]:
    """Return the machines that a job may go to: the one it is for, those of the agent it is for,
    or all."""
    if for_worker_id is not None:
        return [machine for machine in machines if machine.worker_id == for_worker_id]
    if for_agent_id is not None:
        return [machine for machine in machines if machine.agent_id == for_agent_id]
    return list(machines)


#: The order of workers by strategy. In all but `priority` a GPU comes first; there it decides
#: between workers of one priority.
_ORDERS: dict[AssignmentStrategy, Callable[[Machine], tuple[Any, ...]]] = {
    AssignmentStrategy.PRIORITY: lambda one: (one.priority, not one.has_gpu),
    AssignmentStrategy.ROUND_ROBIN: lambda one: (not one.has_gpu, one.last_turn),
    AssignmentStrategy.LOAD_BALANCE: lambda one: (
        not one.has_gpu,
        one.held / max(1, one.room),
        one.priority,
    ),
    # A worker without finished jobs has an average of 0 and comes first, to find out its speed.
    AssignmentStrategy.FASTEST_FIRST: lambda one: (not one.has_gpu, one.average_seconds),
}


def choose(machines: Sequence[Machine], strategy: AssignmentStrategy) -> Machine:
    """Return the first machine in that order; of equal ones, the one that was idle longest."""
    order = _ORDERS[strategy]
    return min(machines, key=lambda one: (*order(one), one.held, one.last_turn, one.worker_id))


def why_none(
    machines: Sequence[Machine], *, for_agent_id: str | None, preset: str | None, chosen: bool
) -> str | None:
    """Return why none of the machines that a job may go to takes it; None when one can.

    chosen: whether a person chose the machine, and with it that the preset will do.
    """
    if not machines:
        where = f" on the machine of agent {for_agent_id!r}" if for_agent_id else ""
        return f"No worker{where} is registered."
    fitting = [one for one in machines if chosen or not one.lacks(preset)]
    if not fitting:
        wanted = preset or machines[0].usual_preset
        return f"No worker that may have it can do the preset {wanted!r}."
    obstacles = [(one.worker_id, one.obstacle()) for one in fitting]
    if any(obstacle is None for _, obstacle in obstacles):
        return None
    return "; ".join(f"Worker {name!r} {obstacle}" for name, obstacle in obstacles[:3]) + "."
