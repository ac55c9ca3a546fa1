"""What the platform refuses for one customer alone stops nobody else's replies, whatever it calls the reason."""

import asyncio

from tests.conversation_service.harness import Harness
from tests.conversation_service.outbox.senders import Scope, accept, claim, outbox, queue, settle

REFUSED = Scope(error_code="10", scope=Scope.SCOPE_ACCOUNT)


async def refuse(service: Harness, customer: str) -> bool:
    """One more refusal of this customer, with others in the same claim; whether the account was paused for it."""
    service.query("UPDATE sending_accounts SET paused_until = now()")
    service.query("UPDATE deliveries SET run_at = now() WHERE state = 'queued'")
    refused = False
    while not refused:
        for delivery in await claim(service):
            if delivery.conversation_id == customer:
                await settle(service, delivery, not_accepted=REFUSED)
                refused = True
            else:
                await accept(service, delivery, f"wamid.{delivery.id}")
    return service.query("SELECT paused_until > now() FROM sending_accounts") == [(True,)]


def test_a_customer_who_is_always_refused_soon_waits_alone_where_the_account_sends_to_others(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            bad = queue(service, "bad")
            paused = []
            for number in range(4):
                paused.append(await refuse(service, bad))
                service.query("UPDATE sending_accounts SET paused_until = now()")
                service.query("UPDATE deliveries SET run_at = now() + interval '1 h' WHERE state = 'queued'")
                queue(service, f"good {number}")
                (other,) = await claim(service)
                await accept(service, other, f"wamid.{number}")
            assert paused == [True, True, False, False]
            assert service.query("SELECT attempts FROM deliveries WHERE state = 'queued'") == [(2,)]

    asyncio.run(scenario())
