"""The shop's accounts on the platforms."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Account:
    """One account: `id` is what the platform's events name it by."""

    channel: str
    id: str
    # What a caller of the platform's API has to show.
    token: str = field(repr=False)
    # What signs webhooks (Meta), or is repeated in them (Telegram). Twilio signs with the token.
    secret: str = field(default="", repr=False)
    verify_token: str = field(default="", repr=False)
    # The Meta app behind the token: echoes of what it sent name it.
    app_id: str = ""
    # Of WhatsApp the business account, of Twilio the account SID.
    business_id: str = ""
    # The number that customers of WhatsApp see.
    address: str = ""


class UnknownAccount(LookupError):
    """The shop has no such account."""


class Accounts:
    """All of the shop's accounts; more may be added while the simulator runs."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._all = list(accounts)

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._all))

    def add(self, account: Account) -> None:
        """Takes the place of one with the same id."""
        self._all = [known for known in self._all if (known.channel, known.id) != (account.channel, account.id)]
        self._all.append(account)

    def of(self, channel: str, account_id: str = "") -> Account:
        """One account of a channel: the first one if no id is given."""
        for account in self._all:
            if account.channel == channel and account_id in {"", account.id}:
                return account
        raise UnknownAccount(f"there is no account {account_id or 'at all'} of {channel}")

    def find(self, channels: Iterable[str], **wanted: str) -> Account | None:
        """The first account of these channels whose fields are as wanted."""
        names = set(channels)
        for account in self._all:
            if account.channel in names and all(getattr(account, name) == value for name, value in wanted.items()):
                return account
        return None
