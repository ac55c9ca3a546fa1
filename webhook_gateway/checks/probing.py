"""One account of a channel under check: what its settings are called, and how its platform is asked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr

from chassis.settings import variable_of
from webhook_gateway.channels.channel import Account, Answer, Call, Channel, secrets
from webhook_gateway.checks.finding import Finding, Stuck, printable
from webhook_gateway.sender.transport import BEYOND_ASCII, NotSent, Unanswered

_LOCAL = ("localhost", "127.", "[::1]")
_BEYOND = "holds a letter beyond ASCII, as the … of a shortened text: paste it anew."
_UNREACHABLE = {
    "unreachable": "cannot be reached: no such host, or nobody listens there",
    "connect_timeout": "cannot be reached: it does not answer, or a firewall stands between",
    "no_handshake": "makes no secure connection: is https right there, or does something between break it?",
    "certificate": "shows a certificate that is not valid for it, or that this machine does not trust",
    "timeout": "did not answer in time",
    "connection_lost": "broke off the connection",
    "invalid_address": "is no valid address, or a setting holds a character that HTTP cannot carry",
}


@dataclass(frozen=True)
class Probing:
    """Asks about `account`. Raises Stuck where the platform cannot be asked."""

    channel: Channel
    account: Any
    send: Callable[[Call], Answer]

    @property
    def webhook_url(self) -> str:
        """Where the platform delivers."""
        return f"{self.channel.public_url}/webhooks/{self.channel.name}"

    def variable(self, field: str) -> str:
        """The variable that the account's `field` was read from, which may be the first account's."""
        owner: Account = self.account
        first: Account = next(iter(self.channel.accounts.values()))
        if field in owner.shared_fields and getattr(first, field) == getattr(owner, field):
            owner = first
        return variable_of(type(owner), field)  # type: ignore[arg-type]  # settings, too, since they were read

    def platform_is_local(self) -> bool:
        """Whether the account's API is the simulator's."""
        names = [name for name in type(self.account).model_fields if name.endswith("api_base_url")]
        return all(is_local(getattr(self.account, name)) for name in names)

    def keys(self, field: str) -> list[bytes]:
        """A setting that may hold several secrets."""
        value = getattr(self.account, field)
        return secrets(value) if isinstance(value, SecretStr) else []

    def ask(self, call: Call, whom: str = "") -> Answer:
        """The platform's answer, or that of `whom`, a name to be shown."""
        try:
            return self.send(call)
        except (NotSent, Unanswered) as error:
            if str(error) == BEYOND_ASCII:
                raise Stuck(f"{' and '.join(self._beyond_ascii())} {_BEYOND}") from None
            what = _UNREACHABLE.get(str(error), "cannot be reached")
            if whom:
                raise Stuck(f"{whom} {what}.") from None
            raise Stuck(f"{self.channel.title} ({host_of(call.url)}) {what}. Is this machine online?") from None

    def _beyond_ascii(self) -> list[str]:
        fields = type(self.account).model_fields
        return [self.variable(field) for field in fields if not all(key.isascii() for key in self.keys(field))]

    def shown(self, text: object) -> str:
        """What the platform says, on one line and without this account's secrets."""
        said = str(text)
        for field in type(self.account).model_fields:
            for secret in sorted(self.keys(field), key=len, reverse=True):
                said = said.replace(secret.decode(), "***")
        return printable(said)


Probe: TypeAlias = Callable[[Probing], Iterator[Finding]]


@dataclass(frozen=True)
class Checks:
    """What is tried for the accounts of one channel, beside its public address."""

    probes: Sequence[Probe] = ()
    # The secrets that webhooks are proven with, and a webhook without content that is proven with one of them.
    secret_field: str = ""
    empty_webhook: Callable[[Probing, bytes], Call] | None = None
    # What the platform asks for by GET, before it delivers.
    verify_field: str = ""
    # Registers the webhook with the platform.
    register: Probe | None = None


def host_of(url: str) -> str:
    """Of an address that may hold secrets, what may be shown."""
    return urlsplit(url).hostname or "?"


def is_local(url: str) -> bool:
    """Whether the address leads to this machine, as the simulator's does."""
    return urlsplit(url).netloc.startswith(_LOCAL)
