"""Messenger, beside what holds for every channel, and for Instagram as well."""

from typing import Any, ClassVar

import pytest

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES
from tests.webhook_gateway.channels.pages import ACCOUNT, ANSWERS, SECRETS, failed, rejected, two, variables_of, waits
from tests.webhook_gateway.channels.pages_conformance import PagesConformance
from webhook_gateway.channels.messenger import Messenger, MessengerAccount

ACCOUNTS = two(MessengerAccount, "402771900031337", "402771900041414")


class TestMessenger(PagesConformance):
    channel = Messenger(ACCOUNTS)
    customer = "7730456000123456"
    variables: ClassVar = variables_of("MESSENGER", ACCOUNTS)
    answers: ClassVar = {
        **ANSWERS,
        "temporary failure": (failed(1200), 1, waits("1200")),
        "so much that it is abuse": (failed(613, 2018338), 1, waits("613/2018338", 300, ACCOUNT)),
        "too many of the page": (failed(80006), 1, waits("80006", 60, ACCOUNT)),
        **rejected("window_closed", (10, 2018065), (10, 2018278)),
        **rejected("recipient", (10, 2018108), (100, 2018001), (9000001, 0)),
        **rejected("content", (100, 2018008), (100, 2018047), (100, 2018109), (2022, 0)),
    }

    def test_a_reply_goes_to_its_page_and_carries_our_id(self) -> None:
        delivery = self.delivery(thread_key=self.customer)
        call = self.channel.compose(ACCOUNTS[0], delivery)
        assert call.url == f"https://graph.facebook.com/v26.0/{ACCOUNTS[0].id}/messages"
        assert call.headers == {"authorization": f"Bearer {SECRETS[2]}"}
        assert call.json == {
            "recipient": {"id": self.customer},
            "messaging_type": "RESPONSE",
            "message": {"text": delivery.text, "metadata": delivery.id},
        }

    def test_the_mark_of_a_reply_comes_back_as_its_proof(self) -> None:
        sent = self.composed().json["message"]
        body = self.body("echo_of_our_delivery")
        body["entry"][0]["messaging"][0]["message"]["metadata"] = sent["metadata"]
        assert self.event(body).echo.delivery_id == self.delivery().id

    @pytest.mark.parametrize("name", ["sticker_and_its_image", "thumb_and_its_image"])
    def test_a_sticker_that_comes_as_an_image_too_counts_once(self, name: str) -> None:
        body = self.body(name)
        body["entry"][0]["messaging"][0]["message"]["attachments"].reverse()
        assert self.event(body).message == self.event(self.body(name)).message
        assert len(self.event(body).message.attachments) + len(self.event(body).message.text) == 1

    def test_an_optin_is_consent_and_its_end_is_not(self) -> None:
        names = ("optin", "optin_to_a_topic", "optin_to_a_topic_stopped", "optin_to_a_topic_resumed")
        found = [self.event(self.body(name)).preference for name in names]
        assert [preference.opted_out for preference in found] == [False, False, True, False]
        # One topic less is not the end of everything.
        assert [preference.category for preference in found] == ["", "marketing", "marketing", "marketing"]

    def test_every_message_of_a_delivery_report_is_told_of(self) -> None:
        mids: list[Any] = [f"m_{number}" for number in range(300)]
        body = self.wrapped(self.of_customer(delivery={"mids": [*mids, mids[0], 17]}))
        found = [event for event in self.events(body) if isinstance(event, pb.Event)]
        assert [event.status.provider_id for event in found] == [*mids, "17"]


# What the platform's documentation, and the field, know of; each has a body.
KINDS = """
a_new_kind_of_event account_linking an_event_without_a_kind app_roles appointment_booking attachment_of_a_new_type
attachment_of_a_new_type_without_url audio checkout_update dashboard_test dashboard_test_of_the_account deletion
delivery delivery_without_mids delivery_without_timestamp echo_deleted echo_naming_the_customer_as_sender
echo_of_a_template echo_of_an_image echo_of_another_app echo_of_our_app echo_of_our_delivery
echo_of_something_unreadable echo_with_a_mark_of_others echo_without_an_app edit edit_counted_in_words
edit_of_the_business edit_without_a_count edit_without_sender entry_without_id fallback fallback_of_nothing
fallback_with_its_own_payload fallback_with_something_else fallback_without_payload feed file ig_post ig_reel image
image_without_payload is_unsupported list_of_bodies location location_without_coordinates location_zero
message_and_its_deletion message_and_referral_in_one_event message_from_an_ad message_in_seconds
message_of_the_account_itself message_without_content message_without_timestamp messaging_and_standby numeric_ids
numeric_ids_of_an_echo optin optin_of_a_guest optin_to_a_topic optin_to_a_topic_resumed optin_to_a_topic_stopped
optin_without_sender pass_thread_control policy_enforcement post postback postback_of_a_guest postback_with_referral
postback_without_mid postback_without_title product quick_reply reaction reaction_of_a_new_kind
reaction_of_another_name reaction_of_the_business reaction_removed reaction_without_emoji read_by_watermark reel
referral_from_a_link referral_from_an_ad referral_from_elsewhere reply reply_to_itself request_thread_control
several_attachments several_of_one_entry share standby standby_echo sticker sticker_and_its_image
sticker_of_older_webhooks take_thread_control text text_with_image text_with_meanings thumb_and_its_image thumb_large
thumb_middle thumb_small video policy_enforcement_block thumb_of_older_webhooks
"""


def test_every_kind_has_a_body_and_every_body_a_kind() -> None:
    bodies = {path.stem for path in (BODIES / "messenger").glob("*.json") if not path.name.endswith(".events.json")}
    assert bodies == set(KINDS.split())
