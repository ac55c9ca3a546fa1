"""Twilio, for SMS and for WhatsApp by way of Twilio: the shop's senders, how they are addressed, and how to send.

https://www.twilio.com/docs/messaging/api
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import (
    Account,
    Answer,
    Call,
    Capabilities,
    Channel,
    Entry,
    WebhookRequest,
    at_least_one,
    evidence,
    secrets,
)
from webhook_gateway.channels.twilio_errors import outcome
from webhook_gateway.channels.twilio_events import account_of, read
from webhook_gateway.channels.twilio_request import RETRIES, delivery_in, has_other_body, parameters, signers
from webhook_gateway.outcomes import Outcome
from webhook_gateway.reading import Unreadable
from webhook_gateway.text.measures import utf16_units


class TwilioAccount(Account):
    """One of the shop's senders: a number, a WhatsApp sender or a messaging service."""

    id_field: ClassVar[str] = "sender"
    shared_fields: ClassVar[frozenset[str]] = frozenset({"account_sid", "auth_token", "api_key", "api_secret"})

    sender: str = Field(
        pattern=r"^((whatsapp:)?\+?[0-9]{3,20}|MG[0-9a-fA-F]{32})$",
        description="What sends: a number (+1…), whatsapp:+1…, or a messaging service (MG…).",
    )
    account_sid: str = Field(pattern="^AC[0-9a-fA-F]{32}$", description="Of the account at Twilio; begins with AC.")
    auth_token: SecretStr = Field(
        min_length=1, description="Proves that webhooks come from Twilio; several, comma-separated, while changing it."
    )
    api_key: str = Field(
        "", pattern="^(SK[0-9a-fA-F]{32})?$", description="Sends in place of the token; begins with SK."
    )
    api_secret: SecretStr | None = Field(None, validate_default=True, description="Of the API key.")
    api_base_url: str = Field(
        "https://api.twilio.com",
        pattern=r"^https?://[^\s?#@]+[^\s?#@/]$",
        validation_alias="TWILIO_API_BASE_URL",
        description="Where Twilio's API is.",
    )

    _has_secrets = field_validator("auth_token")(at_least_one)

    @field_validator("api_secret")
    @classmethod
    def _belongs_to_the_key(cls, value: SecretStr | None, given: ValidationInfo) -> SecretStr | None:
        if bool(value) != bool(given.data.get("api_key")):
            raise ValueError("has to be set together with the API key, or both not at all")
        return value

    def credentials(self) -> tuple[str, str]:
        """User name and password: the API key where there is one, else the first of the tokens."""
        if self.api_secret:
            return self.api_key, self.api_secret.get_secret_value()
        return self.account_sid, next(iter(secrets(self.auth_token)), b"").decode()


class Twilio(Channel):
    """One sender is one account; a number that does SMS and WhatsApp is two."""

    name = "twilio"
    title = "Twilio"
    account_type = TwilioAccount
    accounts: dict[str, Any]
    capabilities = Capabilities(
        text_limit=1600,
        reply_window_seconds=0,  # of SMS; events of WhatsApp say their own
        measure=utf16_units,  # as SMS counts
        # Twilio queues what its senders cannot take at once; one after the other, a phone gets it in order.
        recipient_interval_ms=1000,
        typing_refresh_ms=20_000,  # it lasts 25 s
    )

    def __init__(self, accounts: Sequence[Account], public_url: str = "") -> None:
        super().__init__(accounts, public_url)
        if accounts and not public_url:
            raise ValueError(
                "PUBLIC_BASE_URL: is not set, but Twilio signs it: set it to where Twilio reaches this gateway."
            )

    def proven(self, request: WebhookRequest) -> list[str]:
        """The senders whose own account at Twilio signed it, for the address that Twilio knows us by."""
        keys = {sender: set(secrets(account.auth_token)) for sender, account in self.accounts.items()}
        found = signers(request, f"{self.public_url}/webhooks/{self.name}", set().union(*keys.values()))
        return [sender for sender, own in keys.items() if own & found]

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        """A body is one message or one status."""
        if has_other_body(request):
            raise Unreadable("no form, as messages and statuses are")
        form = dict(reversed(parameters(request)))  # of a name that comes twice, the first
        if not form.get("MessageSid"):
            raise Unreadable("MessageSid is missing")
        yield Entry(account_of(form, self.accounts), (form, delivery_in(request)), evidence(form))

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        """What a message or status says."""
        yield from read(self, entry)

    def acknowledgement(self, request: WebhookRequest) -> tuple[str, str]:
        """Instructions that say: nothing.

        Without any, each message is an error (12300) in Twilio's log, and comes once more by the fallback address; and
        words would be sent to the customer. https://www.twilio.com/docs/messaging/twiml
        """
        del request
        return "<Response/>", "text/xml"

    def compose(self, account: TwilioAccount, delivery: pb.Delivery) -> Call:
        """A text. Its status goes to an address that holds our id: the proof where an answer was lost."""
        is_service = account.sender.startswith("MG")
        form = {
            "To": _address(delivery),
            "MessagingServiceSid" if is_service else "From": account.sender,
            "Body": delivery.text,
            "StatusCallback": f"{self.public_url}/webhooks/{self.name}?delivery={delivery.id}{RETRIES}",
        }
        url = f"{account.api_base_url}/2010-04-01/Accounts/{account.account_sid}/Messages.json"
        return Call("POST", url, form=form, basic=account.credentials())

    def compose_typing(self, account: TwilioAccount, signal: pb.TypingSignal) -> Call | None:
        """WhatsApp only; it marks the customer's message as read, and takes its id.

        https://www.twilio.com/docs/whatsapp/api/typing-indicators-resource
        """
        kind, _, sid = signal.message_key.partition(":")
        if kind != "message" or not sid.startswith(("SM", "MM")) or not signal.thread_key.startswith("whatsapp:"):
            return None
        # It is on a host of its own, unless the API is something else than Twilio's.
        base = account.api_base_url.replace("://api.", "://messaging.", 1)
        form = {"messageId": sid, "channel": "whatsapp"}
        return Call("POST", f"{base}/v2/Indicators/Typing.json", form=form, basic=account.credentials())

    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        return outcome(answer)


def _address(delivery: pb.Delivery) -> str:
    """The thread's key where it is still the customer's, else their number or another valid address."""
    valid = [alias.value for alias in sorted(delivery.recipient, key=lambda alias: alias.kind != "phone")]
    return delivery.thread_key if not valid or delivery.thread_key in valid else valid[0]
