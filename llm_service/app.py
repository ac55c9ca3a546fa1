"""The composition root: puts together what writes replies, and runs it behind gRPC."""

from chassis.credentials import Credentials
from chassis.server import Server
from chassis.settings import stop
from llm_service.breaker import Breaker
from llm_service.config import LlmSettings
from llm_service.guards.guard import Guards
from llm_service.guards.leaks import Leaks
from llm_service.guards.links import Links
from llm_service.knowledge import library
from llm_service.knowledge.passages import KnowledgeError
from llm_service.prompts.prompt import Prompts
from llm_service.providers import openai
from llm_service.providers.model import Model, Price
from llm_service.providers.offline import Offline
from llm_service.replies import Replies
from llm_service.service import LlmService
from protos import llm_pb2, llm_pb2_grpc

# No language needs more for a token; a model that keeps to its longest output is never cut by this.
_CHARACTERS_PER_TOKEN = 16

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


class Assembly:
    """`replies`, and the connections that they use; knows nothing of gRPC."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._client = (
            openai.connect(settings.openai_api_key.get_secret_value(), settings.openai_base_url)
            if settings.openai_api_key
            else None
        )
        try:
            knowledge = library.load(settings.knowledge_dir)
        except KnowledgeError as error:
            stop(str(error))
        self.replies = self._replies(knowledge)

    async def close(self) -> None:
        """Let go of the connections to the models."""
        if self._client:
            await self._client.close()

    def _replies(self, knowledge: library.Knowledge) -> Replies:
        settings = self._settings
        prompts = Prompts(knowledge, settings.llm_history_limit, settings.llm_history_characters)
        quotable = [text for passage in knowledge.passages for text in (passage.heading, passage.text)]
        return Replies(
            self._models(),
            Offline(knowledge),
            prompts,
            Guards(Leaks(prompts.instructions, quotable), Links(knowledge.links)),
            knowledge.version,
            settings.llm_timeout_ms / 1000,
            settings.llm_max_output_tokens * _CHARACTERS_PER_TOKEN,
        )

    def _models(self) -> list[tuple[Model, Breaker]]:
        settings, client = self._settings, self._client
        if client is None:
            return []
        longest = settings.llm_max_output_tokens
        first = Price(settings.openai_prompt_price, settings.openai_completion_price)
        models: list[Model] = [openai.OpenAI(client, settings.openai_model, longest, first)]
        if settings.openai_fallback_model:
            second = Price(settings.openai_fallback_prompt_price, settings.openai_fallback_completion_price)
            models.append(openai.OpenAI(client, settings.openai_fallback_model, longest, second))
        failures, seconds = settings.llm_breaker_failures, settings.llm_breaker_open_seconds
        breakers = {model.name: Breaker(model.name, failures, seconds) for model in models}
        return [(model, breakers[model.name]) for model in models]
