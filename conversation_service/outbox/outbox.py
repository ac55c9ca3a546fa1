"""The outbox as the service's other parts use it: deliveries out to senders, and what became of them back in."""

from collections.abc import Callable

from conversation_service.database import Database
from conversation_service.effects.occurrence import Change
from conversation_service.outbox import parked, splitting
from conversation_service.outbox.claiming import Claiming
from conversation_service.outbox.reconciling import Patience, Reconciling
from conversation_service.outbox.settling import settle
from protos import conversation_pb2 as pb


class Outbox:
    """Every method is one call of the contract, or one round of the work in the background."""

    def __init__(self, database: Database, patience: Patience, tell: Callable[[Change], None]) -> None:
        """`tell` gets what followers see, once it is committed."""
        self._database = database
        self._tell = tell
        self._claiming = Claiming(database)
        self._reconciling = Reconciling(database, patience, tell)

    async def claim(
        self, request: pb.ClaimDeliveriesRequest, seconds: float | None = None
    ) -> pb.ClaimDeliveriesResponse:
        """At most the head of each conversation's line, for a caller who waits that long.

        Raises ValueError with what is wrong with the request.
        """
        return await self._claiming.claim(request, seconds)

    async def split(self, request: pb.SplitDeliveryRequest) -> bool:
        """Cut a claimed delivery into parts; whether it is so now. Raises ValueError with what is wrong with them."""
        texts = splitting.checked(request.texts)
        return await self._database.run(lambda session: splitting.split(session, request, texts))

    async def settle(self, request: pb.SettleDeliveryRequest) -> pb.SettleDeliveryResponse:
        """Record the outcome; a stale fence, and an outcome that is there already, change nothing."""
        response, changes = await self._database.run(lambda session: settle(session, request))
        for change in changes:
            self._tell(change)
        return response

    async def list_parked(self, request: pb.ListParkedRequest) -> pb.ListParkedResponse:
        """What waits for a person. Raises ValueError with what is wrong with the request."""
        return await parked.list_parked(self._database, request)

    async def resolve_parked(self, request: pb.ResolveParkedRequest) -> pb.ResolveParkedResponse:
        """A person's decision; without a state where there is no such delivery."""
        resend = request.decision == pb.ResolveParkedRequest.DECISION_RESEND
        return await self._database.run(lambda session: parked.resolve(session, request.delivery_id, resend))

    async def reconcile(self) -> None:
        """One round of the sweep over what nobody settles."""
        await self._reconciling.sweep()
