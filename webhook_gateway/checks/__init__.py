"""The checks that there are, by channel; one without any is tried over its public address alone."""

from webhook_gateway.checks import instagram, messenger, telegram, twilio, whatsapp
from webhook_gateway.checks.probing import Checks

CHECKS: dict[str, Checks] = {
    "instagram": instagram.CHECKS,
    "messenger": messenger.CHECKS,
    "telegram": telegram.CHECKS,
    "twilio": twilio.CHECKS,
    "whatsapp": whatsapp.CHECKS,
}
