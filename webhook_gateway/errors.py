"""Why a webhook cannot be acknowledged."""


class NotRecorded(Exception):
    """It is not known that the events are stored: the platform has to send them again."""
