"""What a load generator is told and what it tells, as JSON between two processes."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """What to do; every kind is bounded in count and time."""

    kind: str  # a key of KINDS in __main__
    port: int = 0
    in_flight: int = 1
    seconds: float = 5.0  # how long new turns are begun
    pause: float = 0.0  # seconds between two turns of one client
    streamed: bool = False
    turns: int = 10  # of one conversation, after which a new one begins; messages of one webhook
    spread: float = 0.0  # seconds over which the clients begin
    sessions: tuple[str, ...] = ()  # conversations to continue, at random or, where they are few, one a customer
    token: str = ""  # the service token, for gRPC, or the secret that signs webhooks
    limit: float = 120.0  # seconds after which the generator gives up


@dataclass
class Outcome:
    """What came of it. Times in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    fallbacks: int = 0  # answers that were not the model's
    cpu_seconds: float = 0.0  # of the generator itself

    @property
    def turns(self) -> int:
        return len(self.latencies)
