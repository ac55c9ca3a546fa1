"""Which address a request is charged to."""

import ipaddress

import pytest

from web_gateway.addresses import charged_address

TRUSTED = tuple(ipaddress.ip_network(network) for network in ("10.0.0.0/8", "192.0.2.7/32", "2001:db8:aaaa::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "charged"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # nobody whom we trust wrote that
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # further left is the client's own word
        ("10.0.0.1", "198.51.100.1, 10.9.9.9, 192.0.2.7", "198.51.100.1"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),  # all of them trusted: the furthest
        ("10.0.0.1", "1.1.1.1,198.51.100.1,", "10.0.0.1"),  # an empty entry is malformed
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.2.2.2", "10.2.2.2"),
        ("10.0.0.1", "198.51.100.1:49152", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:49152", "2001:db8::/64"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("10.0.0.1", '"198.51.100.1"', "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1%eth0", "10.0.0.1"),
        ("10.0.0.1", "0x7f000001", "10.0.0.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.5", "", "203.0.113.5"),
        ("2001:db8:aaaa::1", "2001:db8:bbbb:cccc::9", "2001:db8:bbbb:cccc::/64"),
        ("2001:db8:bbbb:cccc:ffff::1", "", "2001:db8:bbbb:cccc::/64"),
        ("fe80::1%eth0", "", "fe80::/64"),
        ("", "198.51.100.1", "unknown"),  # a Unix socket
    ],
)
def test_a_request_is_charged_to_the_nearest_address_that_is_not_a_trusted_proxy(
    peer: str, forwarded_for: str, charged: str
) -> None:
    assert charged_address(peer, forwarded_for, TRUSTED) == charged


def test_without_trusted_proxies_nothing_that_is_forwarded_counts() -> None:
    assert charged_address("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"


def test_a_chain_of_a_million_entries_is_no_trouble() -> None:
    assert charged_address("10.0.0.1", "10.0.0.1," * 1000 + "10.0.0.2", TRUSTED) == "10.0.0.1"
