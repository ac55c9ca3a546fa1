"""The services with a proxy on each link between them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from tests.fleet import Fleet, running_fleet
from tests.lost_neighbours.proxy import Proxy, running_proxy


@dataclass
class Links:
    """By the neighbour at their other end."""

    conversation: Proxy
    llm: Proxy
    postgres: Proxy
    model: Proxy

    def all(self) -> dict[str, Proxy]:
        return vars(self)

    def heal(self) -> None:
        for proxy in self.all().values():
            proxy.heal()


@contextmanager
def wired_fleet(database_url: str, **settings: str) -> Iterator[tuple[Fleet, Links]]:
    """One process of each service."""
    with ExitStack() as stack:
        conversation, llm, postgres, model = (stack.enter_context(running_proxy()) for _ in range(4))
        links = Links(conversation, llm, postgres, model)

        def wire(fleet: Fleet) -> None:
            links.conversation.target, links.llm.target = fleet.conversation[0].port, fleet.llm[0].port
            links.postgres.target = urlsplit(database_url).port or 0
            links.model.target = urlsplit(fleet.model.base_url).port or 0
            fleet.web[0].environment["CONVERSATION_SERVICE_ADDRESS"] = links.conversation.address
            fleet.conversation[0].environment["LLM_SERVICE_ADDRESS"] = links.llm.address
            fleet.conversation[0].environment["DATABASE_URL"] = _through(links.postgres, database_url)
            fleet.llm[0].environment["OPENAI_BASE_URL"] = _through(links.model, fleet.model.base_url)

        yield stack.enter_context(running_fleet(database_url, prepare=wire, **settings)), links


def _through(proxy: Proxy, url: str) -> str:
    parts = urlsplit(url)
    user, at, _host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{proxy.address}"))
