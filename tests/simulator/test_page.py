"""The phone in a real browser, with a stub for the shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from simulator.customers import Customer
from tests.page.browser import running_chromium
from tests.simulator.running import RunningSimulator
from tests.simulator.shop import CHANNELS, Shop
from tests.simulator.stub_gateway import StubGateway, wait_until
from tests.simulator.test_sending import statuses

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>\u202e[a](javascript:alert(1))'


# Not for the session: see running_chromium.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, simulator: RunningSimulator) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(simulator.url)
    expect(page.locator(".customer")).to_have_count(1)
    yield page
    context.close()
    assert problems == []


def write(page: Page, text: str) -> None:
    page.get_by_label("Message to the shop").fill(text)
    page.get_by_label("Message to the shop").press("Enter")


def customer(simulator: RunningSimulator, channel: str = "whatsapp") -> Customer:
    """The one that the page made."""
    return next(one for one in simulator.inside.world.customers() if one.channel == channel)


def test_a_customer_writes_and_is_answered_on_every_platform(
    page: Page, simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    for channel in CHANNELS:
        page.locator(f".tab[data-channel={channel}]").click()
        write(page, f"Where is my order of {channel}?")
        mine = page.locator(".row.mine")
        expect(mine).to_contain_text(f"Where is my order of {channel}?")
        expect(mine.locator(".mark")).to_have_attribute("data-state", "received")
        assert channel in [one.channel for one in gateway.webhooks]
        shop.send(channel, f"It is on its way to {channel}.", recipient=customer(simulator, channel).id)
        expect(page.locator(".row.theirs .text")).to_have_text(f"It is on its way to {channel}.")


def test_ticks_turn_when_the_phone_is_opened(
    page: Page, simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    write(page, "Hello")
    expect(page.locator(".row.mine .mark")).to_have_attribute("data-state", "received")
    page.get_by_role("button", name="Put the phone away").click()
    gateway.forget()
    shop.send("whatsapp", "Are you there?", recipient=customer(simulator).id)
    expect(page.locator(".lock")).to_contain_text("Are you there?")
    wait_until(lambda: len(statuses(gateway.webhooks)) == 2)
    assert [one["status"] for one in statuses(gateway.webhooks)] == ["sent", "delivered"]
    page.locator(".unlock").click()
    expect(page.locator(".row.theirs .mark")).to_have_attribute("data-state", "read")
    wait_until(lambda: len(statuses(gateway.webhooks)) == 3)
    assert statuses(gateway.webhooks)[-1]["status"] == "read"


def test_typing_is_seen_and_so_is_that_the_shop_has_read(page: Page, simulator: RunningSimulator) -> None:
    write(page, "Hello")
    expect(page.locator(".row.mine .mark")).to_have_attribute("data-state", "received")
    who = customer(simulator)
    simulator.inside.world.show_presence("whatsapp", who.account, who.id, 20, read=True)
    expect(page.get_by_text("typing …")).to_be_visible()
    expect(page.locator(".row.mine .mark")).to_have_attribute("data-state", "read")
    simulator.inside.world.show_presence("whatsapp", who.account, who.id, 0, read=False)
    expect(page.get_by_text("typing …")).to_have_count(0)


def test_a_button_that_the_shop_offers_is_pressed(
    page: Page, simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    write(page, "It is cracked")
    expect(page.locator(".row.mine")).to_have_count(1)
    buttons = [{"type": "reply", "reply": {"id": "new", "title": "A new one"}}]
    interactive = {"type": "button", "body": {"text": "What would you like?"}, "action": {"buttons": buttons}}
    shop.send("whatsapp", "", recipient=customer(simulator).id, type="interactive", interactive=interactive)
    page.get_by_role("button", name="A new one").click()
    expect(page.locator(".row.mine")).to_have_count(2)
    pressed = [one for one in gateway.webhooks if b"button_reply" in one.body]
    assert b'{"id":"new","title":"A new one"}' in pressed[0].body


def test_pictures_places_and_stories_are_sent_from_the_menu(page: Page, gateway: StubGateway, tmp_path: Path) -> None:
    (tmp_path / "crack.png").write_bytes(PIXEL)
    page.get_by_role("button", name="Instagram").click()
    page.get_by_role("button", name="Send something else").click()
    page.get_by_role("menuitem", name="Reply to the shop\u2019s story").click()
    expect(page.locator(".row.mine")).to_have_count(1)
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "crack.png")
    picture = page.locator(".row.mine img.picture")
    expect(picture).to_have_js_property("naturalWidth", 1)
    page.get_by_role("button", name="WhatsApp").click()
    page.get_by_role("button", name="Send something else").click()
    page.get_by_role("menuitem", name="Location").click()
    expect(page.locator(".map")).to_be_visible()
    bodies = [one.body for one in gateway.wait_for(3)]
    assert [word in body for word, body in zip((b"story", b"attachments", b"latitude"), bodies, strict=True)] == [
        True
    ] * 3


def test_the_newest_message_stays_in_sight_after_a_picture(page: Page, gateway: StubGateway) -> None:
    for number in range(8):
        write(page, f"This is message {number}, and it is one of many\n" * 3)
        expect(page.locator(".row.mine")).to_have_count(number + 1)
    page.get_by_role("button", name="Send something else").click()
    page.get_by_role("menuitem", name="Sample picture").click()
    expect(page.locator("img.picture")).to_have_js_property("complete", True)
    expect(page.locator(".row.mine").last.locator(".foot")).to_be_in_viewport(ratio=1)
    write(page, "Here it is")
    expect(page.locator(".row.mine").last.locator(".text")).to_have_text("Here it is")
    expect(page.locator(".row.mine").last.locator(".foot")).to_be_in_viewport(ratio=1)


def test_who_looks_back_is_left_there_until_they_write_themselves(
    page: Page, simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    for number in range(8):
        write(page, f"This is message {number}, and it is one of many\n" * 3)
        expect(page.locator(".row.mine")).to_have_count(number + 1)
    newest = page.locator(".row .text").last
    expect(newest).to_be_in_viewport()
    page.locator(".row.mine").first.scroll_into_view_if_needed()
    expect(newest).not_to_be_in_viewport()
    shop.send("whatsapp", "It is on its way", recipient=customer(simulator).id)
    expect(page.locator(".row.theirs")).to_have_count(1)
    expect(newest).not_to_be_in_viewport()
    write(page, "Thank you")
    expect(newest).to_have_text("Thank you")
    expect(newest).to_be_in_viewport()


def test_a_message_is_answered_reacted_to_edited_and_deleted(page: Page, gateway: StubGateway) -> None:
    write(page, "Helo")
    row = page.locator(".row.mine")
    row.hover()
    row.get_by_role("button", name="React").click()
    row.get_by_role("button", name="👍").click()
    expect(page.locator(".reactions")).to_contain_text("👍")
    row.hover()
    row.get_by_role("button", name="Edit").click()
    write(page, "Hello")
    expect(row.locator(".text")).to_have_text("Hello")
    expect(row).to_contain_text("edited")
    row.hover()
    row.get_by_role("button", name="Reply").click()
    write(page, "Anybody?")
    expect(page.locator(".quote")).to_have_text("Hello")
    row.first.hover()
    row.first.get_by_role("button", name="Delete").click()
    expect(row.first).to_contain_text("This message was deleted")
    kinds = [one.json["entry"][0]["changes"][0]["value"]["messages"][0]["type"] for one in gateway.wait_for(5)]
    assert kinds == ["text", "reaction", "edit", "text", "revoke"]


def test_hostile_text_is_shown_as_text(
    page: Page, simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    write(page, HOSTILE)
    expect(page.locator(".row.mine .text")).to_have_text(HOSTILE)
    shop.send("whatsapp", HOSTILE, recipient=customer(simulator).id)
    expect(page.locator(".row.theirs .text")).to_have_text(HOSTILE)
    simulator.inside.world.touch(customer(simulator), name=HOSTILE)
    expect(page.locator(".customer strong")).to_have_text(HOSTILE)
    assert page.locator(".device img, .device script, .device a").count() == 0
    assert page.title() == "The customer's phone"


def test_somebody_of_the_shop_writes_on_another_device(page: Page, gateway: StubGateway) -> None:
    write(page, "Hello")
    page.get_by_label("Message from the shop\u2019s own phone").fill("Ada here")
    page.get_by_label("Message from the shop\u2019s own phone").press("Enter")
    expect(page.locator(".row.theirs")).to_contain_text("Ada here")
    wait_until(lambda: any(b"smb_message_echoes" in one.body for one in gateway.webhooks))
    page.get_by_role("button", name="Telegram").click()
    expect(page.get_by_label("Message from the shop\u2019s own phone")).to_be_disabled()


def test_misbehaviour_is_switched_on_and_off(page: Page, simulator: RunningSimulator) -> None:
    switch = page.get_by_role("switch", name="They never come")
    switch.check(force=True)
    wait_until(lambda: [rule["do"] for rule in simulator.inside.script.rules()] == ["statuses_never"])
    expect(switch).to_be_enabled()
    switch.uncheck(force=True)
    wait_until(lambda: simulator.inside.script.rules() == [])
    twice = page.get_by_role("switch", name="Everything arrives twice")
    twice.check(force=True)
    wait_until(lambda: all(simulator.inside.postman.manners(channel).copies == 2 for channel in CHANNELS))


def test_what_was_switched_on_can_be_switched_off_after_the_page_was_loaded_again(
    page: Page, simulator: RunningSimulator
) -> None:
    simulator.misbehave("statuses_never")
    for channel in CHANNELS:
        simulator.control("PUT", f"webhooks/{channel}", copies=2)
    page.reload()
    never, twice = (page.get_by_role("switch", name=name) for name in ("They never come", "Everything arrives twice"))
    expect(never).to_be_checked()
    expect(twice).to_be_checked()
    expect(page.get_by_role("switch", name="Each comes twice")).not_to_be_checked()
    never.uncheck(force=True)
    twice.uncheck(force=True)
    wait_until(lambda: simulator.inside.script.rules() == [])
    wait_until(lambda: all(simulator.inside.postman.manners(channel).copies == 1 for channel in CHANNELS))


def test_a_picture_that_cannot_be_uploaded_is_told(page: Page, tmp_path: Path) -> None:
    (tmp_path / "crack.png").write_bytes(PIXEL)
    page.route("**/control/media", lambda route: route.fulfill(body="no JSON"))
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "crack.png")
    expect(page.get_by_role("alert")).to_contain_text("JSON")


def test_a_gateway_that_refuses_is_told_and_tried_again(
    page: Page, simulator: RunningSimulator, gateway: StubGateway
) -> None:
    gateway.statuses.append(503)
    write(page, "Hello")
    expect(page.get_by_role("alert")).to_contain_text("answered 503. The platform tries again.")
    expect(page.locator(".row.mine .mark")).to_have_attribute("data-state", "received")
    assert len(gateway.webhooks) == 2


def test_several_customers_have_conversations_of_their_own(page: Page, gateway: StubGateway) -> None:
    write(page, "I am the first")
    expect(page.locator(".row.mine")).to_have_count(1)
    page.get_by_role("button", name="Another customer").click()
    expect(page.locator(".customer")).to_have_count(2)
    expect(page.locator(".row.mine")).to_have_count(0)
    write(page, "I am the second")
    expect(page.locator(".row.mine .text")).to_have_text("I am the second")
    page.locator(".customer").first.click()
    expect(page.locator(".row.mine .text")).to_have_text("I am the first")
    write(page, "I write once more")
    expect(page.locator(".row.mine")).to_have_count(2)
    names = page.locator(".customer strong").all_inner_texts()
    page.locator(".customer").last.click()
    page.reload()
    expect(page.locator(".row.mine .text")).to_have_text("I am the second")
    assert page.locator(".customer strong").all_inner_texts() == names


def test_everything_has_a_name_and_nothing_comes_from_elsewhere(page: Page, simulator: RunningSimulator) -> None:
    write(page, "Hello")
    expect(page.locator(".row.mine")).to_have_count(1)
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, textarea')].filter(one => "
        "!(one.textContent.trim() || one.ariaLabel || one.closest('label')?.textContent.trim())).length"
    )
    assert nameless == 0
    sources = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    assert len(sources) > 15
    assert all(source.startswith(simulator.url) for source in sources)


def test_the_page_fits_a_small_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
