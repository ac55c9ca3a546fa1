"""WhatsApp's error codes, of send calls and of failed statuses alike, and what each means for a message.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from webhook_gateway.channels.meta import (
    ACCOUNT_STOPPED,
    CONTENT,
    INTERNAL,
    RECIPIENT,
    WINDOW_CLOSED,
    Meaning,
    Meanings,
    throttled,
)
from webhook_gateway.outcomes import Scope

MEANINGS: Meanings = {
    # Throttled.
    80007: throttled(60),  # calls of the business account, counted by the hour
    130429: throttled(5),  # messages a second
    131048: throttled(3600),  # too many customers blocked the number or reported it
    # Too many messages to one customer. Meta asks for 4^X seconds after the X-th failure, beginning with X = 0.
    131056: Meaning(scope=Scope.SCOPE_RECIPIENT, wait=1, growth=4),
    131057: throttled(60),  # the account is in maintenance
    131064: throttled(60),
    133016: throttled(600),  # registered too often
    # Failures of the platform.
    131000: INTERNAL,
    131016: INTERNAL,
    131053: Meaning(wait=30),  # it could not fetch a file of ours
    # More than 24 hours since the customer's last message.
    131047: WINDOW_CLOSED,
    # This customer does not get this message.
    130472: RECIPIENT,  # part of an experiment of Meta's
    # The country of this customer is closed to the business. One foreign number must not stop the account.
    130497: RECIPIENT,
    131021: RECIPIENT,  # the business's own number
    131026: RECIPIENT,  # not on WhatsApp, or an application too old
    131030: RECIPIENT,  # not among the numbers that a test account may write to
    131049: RECIPIENT,  # withheld, because the customer gets too many marketing messages
    131050: RECIPIENT,  # the customer stopped marketing messages, and no others
    131062: RECIPIENT,  # business-scoped ids are not taken for this kind of message
    131063: RECIPIENT,
    # Nobody gets this message.
    131008: CONTENT,  # parameter missing
    131009: CONTENT,  # parameter invalid
    131051: CONTENT,  # unknown type
    131052: CONTENT,  # a file of the customer's cannot be fetched
    135000: CONTENT,
    137000: CONTENT,
    **dict.fromkeys(range(132000, 132070), CONTENT),  # templates
    # A person has to mend the account.
    33: ACCOUNT_STOPPED,  # the number was deleted
    131005: ACCOUNT_STOPPED,  # permission missing
    131031: ACCOUNT_STOPPED,  # locked
    131037: ACCOUNT_STOPPED,  # the display name is not approved
    131042: ACCOUNT_STOPPED,  # payment
    131045: ACCOUNT_STOPPED,  # not registered with its certificate
    133010: ACCOUNT_STOPPED,  # not registered
}
