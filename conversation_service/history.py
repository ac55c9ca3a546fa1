"""Reading what was said."""

import uuid

from conversation_service import messages
from conversation_service.database import Database
from protos import conversation_pb2 as pb

_DEFAULT_PAGE, _MAX_PAGE = 100, 500


class History:
    """The read side for people: pages of messages by revision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
        """The messages that changed after a revision, oldest first; empty for what does not exist or is another's."""
        size = min(request.page_size or _DEFAULT_PAGE, _MAX_PAGE)
        response = pb.ListMessagesResponse(rev=request.after_rev)
        if not is_uuid(request.conversation_id):
            return response
        columns = [request.conversation_id], [request.channel], [request.account], [request.after_rev]
        rows = await self._database.run(lambda session: session.execute("read_changes", *columns, size))
        response.messages.extend(messages.from_row(row[4:]) for row in rows if row[4] is not None)
        response.more = len(response.messages) == size
        if response.more:
            response.rev = response.messages[-1].rev
        elif rows:
            response.rev = rows[0][3]
        return response


def is_uuid(text: str) -> bool:
    """Whether a conversation may have this id."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
