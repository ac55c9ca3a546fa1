"""The composition root: one process of the service."""

from chassis.credentials import Credentials
from chassis.server import Server
from llm_service.assembly import Assembly
from llm_service.config import LlmSettings
from llm_service.service import LlmService
from protos import llm_pb2, llm_pb2_grpc

_SERVICE = llm_pb2.DESCRIPTOR.services_by_name["LlmService"].full_name


class App:
    """What runs from start to SIGTERM."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._assembly = Assembly(settings)
        self.server = Server(settings, settings.llm_service_port, Credentials(settings))
        service = LlmService(self._assembly.replies, settings.llm_concurrency)
        llm_pb2_grpc.add_LlmServiceServicer_to_server(service, self.server.grpc)

    async def start(self) -> None:
        """Listen and be ready."""
        await self.server.start([_SERVICE], self._settings.grpc_reflection)
        await self.server.ready(True)

    async def drain(self) -> None:
        """Nothing to hand back: replies in flight get the server's grace, and their turns are tried again elsewhere."""

    async def stop(self) -> None:
        """Let go of the connections to the models."""
        await self._assembly.close()
