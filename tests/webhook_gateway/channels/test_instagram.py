"""Instagram, beside what holds for every channel, and for Messenger as well."""

from typing import ClassVar

import pytest

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES
from tests.webhook_gateway.channels.pages import ACCOUNT, ANSWERS, SECRETS, failed, rejected, two, variables_of, waits
from tests.webhook_gateway.channels.pages_conformance import PagesConformance
from webhook_gateway.channels.instagram import Instagram, InstagramAccount
from webhook_gateway.text.splitting import split

ACCOUNTS = two(InstagramAccount, "17841478000112233", "17841478000445566")


class TestInstagram(PagesConformance):
    channel = Instagram(ACCOUNTS)
    customer = "6912345678901234567"
    variables: ClassVar = variables_of("INSTAGRAM", ACCOUNTS)
    answers: ClassVar = {
        **ANSWERS,
        "too many of the account": (failed(80002), 1, waits("80002", 60, ACCOUNT)),
        "access to messages not allowed": (failed(200, 2534041), 1, waits("200/2534041", 300, ACCOUNT)),
        "restricted otherwise": (failed(10, 2534077), 1, waits("10/2534077", 300, ACCOUNT)),
        **rejected("recipient", (100, 2534014), (100, 2534029), (100, 2534037)),
        **rejected("content", (100, 2534015)),
    }

    def test_a_reply_is_sent_by_the_account_of_its_token(self) -> None:
        delivery = self.delivery(thread_key=self.customer)
        call = self.channel.compose(ACCOUNTS[0], delivery)
        assert call.url == "https://graph.instagram.com/v26.0/me/messages"
        assert call.headers == {"authorization": f"Bearer {SECRETS[2]}"}
        assert call.json == {"recipient": {"id": self.customer}, "message": {"text": delivery.text}}

    def test_an_account_that_is_linked_to_a_page_has_another_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GRAPH_API_BASE_URL", "http://127.0.0.1:1")  # is that of the other channels
        assert "graph.instagram.com" in self.channel.compose(ACCOUNTS[0], self.delivery()).url
        linked = self.account_of(graph_api_base_url="https://graph.facebook.com")
        assert self.channel.compose(linked, self.delivery()).url == "https://graph.facebook.com/v26.0/me/messages"

    @pytest.mark.parametrize("text", ["🫖" * 800, "я" * 2000, "茶碗。" * 400, "a" + "🫖" * 800, "mug " * 700])
    def test_a_text_is_cut_by_the_bytes_that_it_takes(self, text: str) -> None:
        capabilities = self.channel.capabilities
        pieces = split(text, capabilities.text_limit, capabilities.measure)
        assert all(len(piece.encode()) <= 1000 for piece in pieces)
        assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
        assert len(pieces) <= len(text.encode()) // 900 + 1

    def test_no_more_than_a_hundred_calls_a_second(self) -> None:
        assert self.channel.capabilities.account_per_minute == 6000

    def test_a_message_of_a_linked_account_may_come_as_a_pages(self) -> None:
        body = self.body("text")
        assert self.event({**body, "object": "page"}) == self.event(body)

    def test_a_story_is_shown_with_the_reply_to_it(self) -> None:
        said = self.event(self.body("reply_to_a_story")).message
        assert said.text == "How much is it?"
        assert "17900112233445566" in said.structured_json
        assert not said.reply_to_key  # a story is no message

    def test_changes_beside_messages_cost_neither(self) -> None:
        body = self.body("changes_and_messaging")
        found = [event.WhichOneof("content") for event in self.events(body) if isinstance(event, pb.Event)]
        assert found == ["message", "unsupported"]


# What the platform's documentation, and the field, know of; each has a body.
KINDS = """
a_new_kind_of_event an_event_without_a_kind app_roles attachment_of_a_new_type attachment_of_a_new_type_without_url
audio changes_and_messaging comments comments_on_the_entry dashboard_test dashboard_test_of_the_account deletion
echo_deleted echo_naming_the_customer_as_sender echo_of_an_image echo_of_another_app echo_of_our_app
echo_of_something_unreadable echo_to_itself echo_without_an_app edit edit_counted_in_words edit_of_the_business
edit_without_a_count edit_without_sender entry_without_id file ig_post ig_reel ig_story image image_without_payload
is_unsupported like_heart list_of_bodies live_comments media mentions message_about_a_product message_and_its_deletion
message_and_referral_in_one_event message_from_an_ad message_in_seconds message_of_the_account_itself
message_without_content message_without_timestamp messaging_and_standby named_as_a_page pass_thread_control
policy_enforcement postback postback_with_referral postback_without_title quick_reply reaction reaction_of_a_new_kind
reaction_of_another_name reaction_of_the_business reaction_removed reaction_without_emoji read reel
referral_from_a_link referral_from_an_ad referral_from_elsewhere referral_in_seconds reply reply_to_a_story
reply_to_itself request_thread_control several_attachments several_of_one_entry share standby standby_echo
story_insights story_mention story_mention_that_expired take_thread_control text text_with_image unsupported_type
video comments_with_a_parent
"""


def test_every_kind_has_a_body_and_every_body_a_kind() -> None:
    bodies = {path.stem for path in (BODIES / "instagram").glob("*.json") if not path.name.endswith(".events.json")}
    assert bodies == set(KINDS.split())
