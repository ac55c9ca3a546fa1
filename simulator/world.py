"""Everything that the simulator remembers: customers, messages, the log of accepted sends, and the log of all calls.

Of messages and logs the newest 100,000 are kept, and of files 256 MB; customers stay.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from simulator.accounts import Accounts
from simulator.customers import Customer, Message
from simulator.log import KEPT, Log
from simulator.media import Media

Key = tuple[str, str, str]
_STATES = ("", "sent", "delivered", "read", "failed")


class World:
    """One for a run. Every change has a number, so that a page can ask for what is new."""

    def __init__(self, accounts: Accounts, public_url: str) -> None:
        self.accounts = accounts
        # Where the platforms were told to bring webhooks.
        self.public_url = public_url
        self.media = Media()
        self.started = time.time()
        self.closed = threading.Event()
        self.accepted = Log()
        self.calls = Log()
        self._customers: dict[Key, Customer] = {}
        self._messages: dict[tuple[str, str], Message] = {}
        self._threads: dict[Key, dict[str, Message]] = {}
        self._changed = threading.Condition(threading.RLock())
        self._rev = 0

    def close(self) -> None:
        """Nobody waits any longer."""
        self.closed.set()
        with self._changed:
            self._changed.notify_all()

    def customer(self, channel: str, account: str, customer_id: str) -> Customer:
        """A customer, who need not have been there before."""
        with self._changed:
            key = (channel, account, customer_id)
            if key not in self._customers:
                self._customers[key] = Customer(*key)
                self.touch(self._customers[key])
            return self._customers[key]

    def known(self, channel: str, account: str, customer_id: str) -> Customer | None:
        return self._customers.get((channel, account, customer_id))

    def find(self, channel: str, account: str, address: str) -> Customer | None:
        """A customer by any of the addresses that the shop may write to."""
        if known := self.known(channel, account, address):
            return known
        return next((one for one in self.customers() if one.user_id == address and one.account == account), None)

    def customers(self) -> list[Customer]:
        with self._changed:
            return list(self._customers.values())

    def move(self, customer: Customer, new_id: str) -> None:
        """The customer, with all messages, has another number."""
        with self._changed:
            del self._customers[customer.key]
            thread = self._threads.pop(customer.key, {})
            for message in thread.values():
                self.touch(message, customer=new_id)
            customer.id = new_id
            self._customers[customer.key] = customer
            self._threads.setdefault(customer.key, {}).update(thread)
            self.touch(customer)

    def touch(self, thing: Customer | Message, **fields: Any) -> None:
        """Gives it values and a new number."""
        with self._changed:
            for name, value in fields.items():
                setattr(thing, name, value)
            self._rev += 1
            thing.rev = self._rev
            self._changed.notify_all()

    def add(self, message: Message) -> None:
        with self._changed:
            self._forget(message.channel, message.id)
            self._messages[message.channel, message.id] = message
            self._threads.setdefault(message.thread, {})[message.id] = message
            if len(self._messages) > KEPT:
                self._forget(*next(iter(self._messages)))
            self.touch(message)

    def _forget(self, channel: str, message_id: str) -> None:
        if known := self._messages.pop((channel, message_id), None):
            del self._threads[known.thread][message_id]

    def message(self, channel: str, message_id: str) -> Message | None:
        return self._messages.get((channel, message_id))

    def show_presence(self, channel: str, account: str, address: str, seconds: float, read: bool) -> None:
        """The shop writes, for so many seconds, and has read what the customer wrote."""
        with self._changed:
            customer = self.find(channel, account, address)
            if customer is None:
                return
            self.touch(customer, typing_until=time.time() + seconds if seconds else 0.0)
            for message in self.thread(customer) if read else ():
                if message.author == "customer" and message.state == "received":
                    self.touch(message, state="read")

    def reach(self, message: Message, state: str) -> None:
        """The shop was told so; a later word never leads back."""
        with self._changed:
            if _STATES.index(state) > _STATES.index(message.state):
                self.touch(message, state=state)

    def thread(self, customer: Customer) -> list[Message]:
        with self._changed:
            return list(self._threads.get(customer.key, {}).values())

    def accept(self, message: Message) -> None:
        """Append it to the log: from here on the platform has it, whatever the caller hears."""
        with self._changed:
            self.add(message)
            self.accepted.add(
                time=message.at,
                channel=message.channel,
                account=message.account,
                recipient=message.customer,
                text=message.text,
                mark=message.mark,
                id=message.id,
                fails=message.fails,
            )
            customer = self.known(message.channel, message.account, message.customer)
            if customer:
                self.touch(customer, typing_until=0.0)

    def log_call(self, **fields: Any) -> None:
        with self._changed:
            self.calls.add(time=time.time(), **fields)
            self._changed.notify_all()

    def changes(self, after: int, wait_seconds: float = 0) -> dict[str, Any]:
        """What is newer than `after`; waits until there is something."""
        deadline = time.monotonic() + wait_seconds
        with self._changed:
            while self._rev <= after and not self.closed.is_set():
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return {
                "rev": self._rev,
                "run": self.started,
                "customers": _newer(self._customers.values(), after),
                "messages": _newer(self._messages.values(), after),
            }

    def wait_until(self, condition: Callable[["World"], bool], seconds: float = 10) -> bool:
        """Whether it became true in time; looked at after each change."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), seconds)


def _newer(things: Any, after: int) -> list[dict[str, Any]]:
    return [thing.shown() for thing in things if thing.rev > after]
