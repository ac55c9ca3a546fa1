"""Reading what was said."""

from conversation_service import messages
from conversation_service.database import Database
from conversation_service.fitting import first_within
from conversation_service.identifiers import is_id
from protos import conversation_pb2 as pb

_DEFAULT_PAGE, _MAX_PAGE = 100, 500
_MOST_BYTES = 1024 * 1024  # of a page; gRPC clients refuse messages above 4 MiB


class History:
    """The read side for people: pages of messages by revision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
        """The messages that changed after a revision, oldest first; empty for what does not exist or is another's."""
        size = min(max(request.page_size, 0) or _DEFAULT_PAGE, _MAX_PAGE)
        response = pb.ListMessagesResponse(rev=request.after_rev)
        if not is_id(request.conversation_id) or "\0" in request.channel + request.account:
            return response
        columns = [request.conversation_id], [request.channel], [request.account], [request.after_rev]
        rows = await self._database.run(lambda session: session.execute("read_changes", *columns, size))
        found = [messages.from_row(row[4:18]) for row in rows if row[4] is not None]
        response.messages.extend(first_within(_MOST_BYTES, found))
        response.more = len(response.messages) < len(found) or len(found) == size
        if response.more:
            response.rev = response.messages[-1].rev
        elif rows:
            response.rev = rows[0][3]
        return response
