"""Why a webhook cannot be acknowledged."""


class NotRecorded(Exception):
    """It is not known that the events are stored: the platform has to send them again."""


class Refused(NotRecorded):
    """The conversation service would refuse this call again; of several events one may be to blame."""
