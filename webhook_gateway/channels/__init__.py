"""The channels that there are, by name. A new one is one more file here, and one more line below."""

from webhook_gateway.channels.channel import Channel
from webhook_gateway.channels.instagram import Instagram
from webhook_gateway.channels.messenger import Messenger
from webhook_gateway.channels.telegram import Telegram
from webhook_gateway.channels.twilio import Twilio
from webhook_gateway.channels.whatsapp import WhatsApp

CHANNELS: dict[str, type[Channel]] = {
    "whatsapp": WhatsApp,
    "instagram": Instagram,
    "messenger": Messenger,
    "telegram": Telegram,
    "twilio": Twilio,
}
