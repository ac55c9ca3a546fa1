"""The conversations of one person that became one: what is decided about one of them counts in all."""

from conversation_service.database import Session


def lock_joined(session: Session, conversation_id: str) -> list[str]:
    """Lock a conversation and all that are one with it; the one that stays comes first. Within a transaction.

    The conversation itself is locked before: who is found there after that, a merge cannot change any more. Where
    somebody holds them the other way round, Postgres ends one of the two, and its work is repeated.
    """
    session.execute("lock_conversation", conversation_id)
    return [str(identity) for (identity,) in session.execute("lock_joined", conversation_id)]
