"""Every channel has a page and a row in the README, and both say what its class and its checks say."""

import re

import pytest

from tests.repository.test_settings_example import fields
from tests.repository.tree import ROOT
from webhook_gateway import accounts, commands
from webhook_gateway.channels import CHANNELS
from webhook_gateway.checks import CHECKS, instagram, messenger, telegram, twilio, whatsapp

PAGES = ROOT / "docs" / "channels"
# Read by others than settings classes, or the name of a word in a table of the platform's.
OTHERS = {"HUMAN_AGENT"}
SUBSCRIBED = {
    "whatsapp": (*whatsapp.PRODUCT.needed, *whatsapp.PRODUCT.wanted, *whatsapp.PRODUCT.permissions),
    "instagram": (
        *instagram.PRODUCT.needed,
        *instagram.PRODUCT.wanted,
        *instagram.PRODUCT.permissions,
        *instagram.LINKED.permissions,
    ),
    "messenger": (*messenger.PRODUCT.needed, *messenger.PRODUCT.wanted, *messenger.PRODUCT.permissions),
    "telegram": telegram.UPDATES,
    "twilio": (twilio.RETRIES,),
}
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(#[^)\s]+)?\)")
_COMMAND = re.compile(r"python -m webhook_gateway ((?:check|parked)[^\n`#]*)")


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def pages() -> list[str]:
    return sorted(path.stem for path in PAGES.glob("*.md"))


def row(name: str) -> list[str]:
    """The cells of the channel's row in the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^\| \[(.+?)\]\(docs/channels/{name}\.md\) \| (.+) \|$", readme, re.MULTILINE)
    return [found[0], *(cell.strip() for cell in found[1].split(" | "))]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {f"#{re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-')}" for heading in headings}


def unknown_variables(text: str) -> set[str]:
    """Names that no service reads; those of a further account are those of the first."""
    first = {re.sub(r"^([A-Z]+)_[2-9]_", r"\1_", name) for name in _VARIABLE.findall(text)}
    return first - set(fields()) - OTHERS


def test_there_is_a_page_a_check_and_a_row_for_each_channel_and_no_other() -> None:
    assert set(pages()) == {*CHANNELS, "README"}
    assert set(CHECKS) == set(CHANNELS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[.+?\]\(docs/channels/(\w+)\.md\)", readme, re.MULTILINE)) == set(CHANNELS)
    assert set(re.findall(r"^\| \[.+?\]\((\w+)\.md\)", page("README"), re.MULTILINE)) == set(CHANNELS)


@pytest.mark.parametrize("name", pages())
def test_every_variable_that_is_named_exists(name: str) -> None:
    assert unknown_variables(page(name)) == set()


def test_a_variable_that_nobody_reads_is_found() -> None:
    assert unknown_variables("`WHATSAPP_2_APP_SECRET`, WHATSAPP_PIN and PUBLIC_BASE_URL") == {"WHATSAPP_PIN"}


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_every_variable_of_an_account_is_named(name: str) -> None:
    described = accounts.variables(name, CHANNELS[name].account_type)
    text = page(name)
    assert {variable for variable in described if not re.search(rf"\b{variable}\b", text)} == set()
    block = re.search(r"```\n(PUBLIC_BASE_URL=.+?)```", text, re.DOTALL)
    assert block, "no settings to paste"
    pasted = dict(line.split("=", 1) for line in block[1].splitlines())
    needed = {variable for variable, field in described.items() if field.is_required()}
    assert needed <= set(pasted)


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_the_page_names_the_address_and_what_to_subscribe_to(name: str) -> None:
    text = page(name)
    assert f"https://chat.example.com/webhooks/{name}" in text
    assert [field for field in SUBSCRIBED[name] if not re.search(rf"\b{re.escape(field)}\b", text)] == []


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_the_pages_limits_are_the_channels(name: str) -> None:
    capabilities, text = CHANNELS[name].capabilities, page(name)
    cells = dict(re.findall(r"^\| ([a-z, ]+) \| (.+) \|$", text, re.MULTILINE))
    assert f"up to {capabilities.text_limit:,} " in cells["text"]
    window = next(cell for title, cell in cells.items() if title == "reply window")
    assert ("24 hours after" if capabilities.reply_window_seconds else "none") in window
    typing = next(cell for title, cell in cells.items() if title.startswith("typing"))
    assert ("shown to the customer" in typing) == (capabilities.typing_refresh_ms > 0)
    if capabilities.account_per_minute:
        assert f"{capabilities.account_per_minute:,}" in cells["pace"]


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_the_readmes_row_says_what_the_channel_does(name: str) -> None:
    channel = CHANNELS[name]
    title, text, window, typing, *_ = row(name)
    assert title.startswith(channel.title)
    assert text.startswith(f"{channel.capabilities.text_limit:,} ")
    assert ("bytes" in text) == (channel.capabilities.measure("é") == 2)
    hours = channel.capabilities.reply_window_seconds // 3600
    assert window.startswith(f"{hours} h" if hours else "none")
    assert typing.startswith("yes") == (channel.capabilities.typing_refresh_ms > 0)


@pytest.mark.parametrize("name", pages())
def test_every_command_and_link_leads_somewhere(name: str) -> None:
    text = page(name)
    for command in _COMMAND.findall(text):
        words = command.replace("ID", "00000000-0000-0000-0000-000000000001").split()
        assert commands.parse(CHANNELS, words).kind == words[0]
    for link, anchor in _LINK.findall(text):
        target = PAGES / link if link else PAGES / f"{name}.md"
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), anchor


def test_the_order_of_every_page_is_the_same() -> None:
    shape = ["What you need", "What works", "Troubles", "People", "Changing secrets"]
    for name in CHANNELS:
        headings = re.findall(r"^## (.+)$", page(name), re.MULTILINE)
        assert [heading for heading in headings if heading in shape] == shape, name
        assert sum(heading.startswith("A second ") for heading in headings) == 1, name
