"""`python -m tests.webhook_gateway.sender_with_parrot`: the sender with one more channel, added by one line."""

from tests.webhook_gateway.parrot import Parrot
from webhook_gateway.channels import CHANNELS
from webhook_gateway.sender.__main__ import main

if __name__ == "__main__":
    CHANNELS["parrot"] = Parrot
    main()
