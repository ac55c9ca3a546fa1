"""The platforms that there are."""

from simulator.platforms.instagram import Instagram
from simulator.platforms.messenger import Messenger
from simulator.platforms.platform import Platform
from simulator.platforms.telegram import Telegram
from simulator.platforms.twilio import Twilio
from simulator.platforms.whatsapp import WhatsApp


def create() -> dict[str, Platform]:
    """One of each, by channel."""
    platforms: list[Platform] = [WhatsApp(), Instagram(), Messenger(), Telegram(), Twilio()]
    return {platform.channel: platform for platform in platforms}
