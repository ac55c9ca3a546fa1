"""`python -m tests.webhook_gateway.with_parrot`: the webhook gateway with one more channel, added by one line."""

from tests.webhook_gateway.parrot import Parrot
from webhook_gateway.__main__ import main
from webhook_gateway.channels import CHANNELS

if __name__ == "__main__":
    CHANNELS["parrot"] = Parrot
    main()
