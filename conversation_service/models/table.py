"""What all models have in common: the database, and how their tables are called."""

import re

import peewee

database = peewee.DatabaseProxy()


def _table_name(model: type[peewee.Model]) -> str:
    """ParticipantAlias lives in participant_aliases."""
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    return re.sub("y$", "ie", re.sub("s$", "se", words)) + "s"


class Table(peewee.Model):
    class Meta:
        database = database
        table_function = _table_name
