"""Lets the assertions that channels inherit say what they saw."""

import pytest

pytest.register_assert_rewrite(
    "tests.webhook_gateway.channels.conformance",
    "tests.webhook_gateway.channels.pages_conformance",
    "tests.webhook_gateway.channels.sending_conformance",
)
