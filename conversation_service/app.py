"""The composition root: every part of the service made once and handed to those who use it."""

import asyncio

import structlog

from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.server import Server
from chassis.settings import stop
from conversation_service import models
from conversation_service.answering import Answering
from conversation_service.config import ConversationSettings
from conversation_service.database import Database, DatabaseUnavailable, connect
from conversation_service.durability import Durability, NotDurable
from conversation_service.figures import Figures
from conversation_service.history import History
from conversation_service.hub import Hub
from conversation_service.inbox import Inbox, Windows
from conversation_service.janitor import Janitor, Retention
from conversation_service.limits import Limits
from conversation_service.loops import every
from conversation_service.outbox.outbox import Outbox
from conversation_service.outbox.reconciling import Patience
from conversation_service.ownership import Handback
from conversation_service.replicas import Replicas
from conversation_service.service import ConversationService
from conversation_service.turns import Turns
from conversation_service.writer import Writer
from protos import conversation_pb2, conversation_pb2_grpc

_READY_SECONDS, _READY_WITHIN = 1.0, 2.0
_CLEAN_SECONDS = 60.0
_RECONCILE_SECONDS = 1.0
_FIGURES_SECONDS = 5.0
_HANDBACK_SECONDS = 10.0
_logger = structlog.get_logger()
SERVICE_NAME = conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"].full_name


class App:
    """One process of the service."""

    def __init__(self, settings: ConversationSettings) -> None:
        self._settings = settings
        credentials = Credentials(settings)
        driver = connect(settings.database_url.get_secret_value(), settings.worker_name())
        models.database.initialize(driver)
        self.database = Database(driver, settings.database_connections, Durability(settings.durability_elsewhere).check)
        self._replicas = Replicas(settings.worker_address(), credentials)
        self.hub = Hub(self.database, lambda *running: self._replicas.follow(self.hub.previews, *running))
        self._janitor = Janitor(self.database, _retention(settings))
        self._figures = Figures(self.database)
        self._handback = Handback(self.database, settings.handback_hours, self.hub.tell)
        self._outbox = Outbox(self.database, _patience(settings), self.hub.tell)
        self.answering = self._build_answering(credentials)
        self.server = Server(settings, settings.conversation_service_port, credentials)
        conversation_pb2_grpc.add_ConversationServiceServicer_to_server(self._build_service(), self.server.grpc)
        self._background: list[asyncio.Task[None]] = []

    def _build_answering(self, credentials: Credentials) -> Answering:
        settings = self._settings
        turns = Turns(
            self.database,
            settings.worker_address(),
            settings.turn_lease_seconds,
            settings.turn_deadline_seconds,
            settings.llm_history_limit,
            settings.replies_per_hour,
        )
        peer = Peer(settings.llm_service_address, credentials)
        writer = Writer(peer, settings.llm_timeout_ms / 1000, settings.llm_unavailable_seconds)
        concurrency, lease = settings.answering_concurrency, settings.turn_lease_seconds
        return Answering(turns, writer, self.hub, concurrency, lease, settings.notice())

    def _build_service(self) -> ConversationService:
        settings = self._settings
        windows = Windows(settings.gather_seconds, settings.gather_limit_seconds, settings.turn_deadline_seconds)
        return ConversationService(
            self.database,
            Inbox(self.database, windows, self.answering),
            Limits(self.database),
            History(self.database),
            self._outbox,
            self.hub,
            self.answering,
            settings.overload_seconds,
        )

    async def start(self) -> None:
        """Listen, answer, and be ready while Postgres is. A server that would forget ends the process at once."""
        try:
            await self.database.run(lambda session: session.execute("read_durability"))
        except NotDurable as error:
            stop(str(error))
        except DatabaseUnavailable as error:
            _logger.warning("waiting for the database", error=str(error))
        await self.server.start([SERVICE_NAME], self._settings.grpc_reflection)
        work = (
            self.hub.run(),
            self.answering.run(),
            every(_READY_SECONDS, self._check_readiness),
            every(_CLEAN_SECONDS, self._janitor.clean),
            every(_RECONCILE_SECONDS, self._outbox.reconcile),
            every(_FIGURES_SECONDS, self._figures.read),
            every(_HANDBACK_SECONDS, self._handback.sweep),
        )
        self._background = [asyncio.create_task(part) for part in work]

    async def drain(self) -> None:
        """Hand unfinished turns to other replicas, and send followers there."""
        try:
            await self.answering.drain()
        finally:
            self.hub.close()

    async def stop(self) -> None:
        """After the drain: let everything go."""
        self._replicas.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.database.close()

    async def _check_readiness(self) -> None:
        """Ready while Postgres answers with the schema that we know."""
        try:
            await self.database.run(lambda session: session.execute("check_schema"), _READY_WITHIN)
        except DatabaseUnavailable:
            await self.server.ready(False)
            raise
        await self.server.ready(True)


def _retention(settings: ConversationSettings) -> Retention:
    return Retention(
        events=settings.retention_events_days,
        raw=settings.retention_raw_days,
        conflicts=settings.retention_conflicts_days,
        poison=settings.retention_poison_days,
        attempts=settings.retention_attempts_days,
        calls=settings.retention_calls_days,
        conversations=settings.retention_conversations_days,
    )


def _patience(settings: ConversationSettings) -> Patience:
    return Patience(
        settings.delivery_proof_seconds, settings.delivery_silence_seconds, settings.unknown_deliveries == "resend"
    )
