"""Passes a person's wish to see a file on to the VLC on an agent's machine."""

from uuid import uuid4

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import VLCCommand
from boz_server.domain.machines.vlc_states import VLCCommandStatus
from boz_server.errors import NotFound, Refused
from boz_server.repositories.vlc_command_repository import VLCCommandRepository
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.machines.agent_manager import AgentManager


class VLCRelay:
    """Keeps commands until the agent fetches them, and hears how they went."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        commands: VLCCommandRepository,
        workers: WorkerRepository,
        agent_manager: AgentManager,
    ) -> None:
        self.clock = clock
        self.database = database
        self.commands = commands
        self.workers = workers
        self.agent_manager = agent_manager

    def preview(self, agent_id: str, file_path: str, *, fullscreen: bool) -> VLCCommand:
        """Enter a command for an agent.

        Raises AgentNotFound, and Refused when no worker on the agent's machine has VLC.
        """
        with self.database.write():
            self.agent_manager.get(agent_id)
            workers = self.workers.all_of_agent(agent_id)
            if not any(worker.capabilities.get("vlc_installed") for worker in workers):
                raise Refused(
                    f"No worker on the machine of agent {agent_id!r} reports VLC: install VLC"
                    " there and restart the agent."
                )
            return self.commands.insert(
                command_id=str(uuid4()),
                agent_id=agent_id,
                file_path=file_path,
                fullscreen=fullscreen,
                created_at=self.clock.now(),
            )

    def take_pending(self, agent_id: str) -> list[VLCCommand]:
        """Hand out an agent's commands, oldest first; each is handed out once."""
        with self.database.write():
            return self.commands.take_pending(agent_id, self.clock.now())

    def complete(self, command_id: str, *, error: str | None, success: bool) -> None:
        """Note how a command went; the first word counts. Raises NotFound."""
        status = VLCCommandStatus.COMPLETED if success else VLCCommandStatus.FAILED
        reason = None if success else (error or "The agent gave no reason.")
        with self.database.write():
            if not self.commands.finish(command_id, status, reason, self.clock.now()):
                self.get(command_id)

    def get(self, command_id: str) -> VLCCommand:
        """Return a command; raises NotFound."""
        command = self.commands.get(command_id)
        if command is None:
            raise NotFound(f"No VLC command {command_id!r} is known here: enter it anew.")
        return command
