"""Only public addresses, however they are written; and the networks that an operator has listed."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidField
from domain.subscription.target import parse_target
from services.settings import Settings, SettingsError
from services.webhooks.addresses import AddressPolicy, AddressRefused, is_public, require_target

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "2002:7f00:1::",
    "2002:808:808::",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_reached_by_https(text: str) -> None:
    AddressPolicy().require(ip_address(text), scheme="https", port=443)


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        AddressPolicy().require(ip_address(text), scheme="https", port=443)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_in_ipv6_as_in_ipv4(address: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{address}")
    translated = IPv6Address(f"64:ff9b::{address}")

    assert is_public(address) == is_public(mapped) == is_public(translated)


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_is_public(address: IPv4Address | IPv6Address) -> None:
    assert not (is_public(address) and (address.is_private or address.is_link_local or address.is_loopback))


def test_a_public_address_is_not_reached_by_http_nor_on_any_port() -> None:
    policy = AddressPolicy(ports=(443, 8443))

    with pytest.raises(AddressRefused, match="https"):
        policy.require(ip_address("8.8.8.8"), scheme="http", port=443)
    with pytest.raises(AddressRefused, match="port 22 is not one of 443, 8443"):
        policy.require(ip_address("8.8.8.8"), scheme="https", port=22)


@pytest.mark.parametrize("text", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_listed_network_is_reached_by_http_and_on_any_port(text: str) -> None:
    policy = AddressPolicy(networks=("10.1.0.0/16",))

    policy.require(ip_address(text), scheme="http", port=9000)
    with pytest.raises(AddressRefused):
        policy.require(ip_address("10.2.0.1"), scheme="http", port=9000)


def test_a_name_with_one_address_that_is_refused_is_refused() -> None:
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        AddressPolicy().require_all([ip_address("8.8.8.8"), ip_address("127.0.0.1")], scheme="https", port=443)
    with pytest.raises(AddressRefused, match="no address"):
        AddressPolicy().require_all([], scheme="https", port=443)


def test_the_settings_name_networks_and_ports() -> None:
    policy = AddressPolicy.from_settings(
        Settings(webhook_allowed_networks="10.0.0.0/8, fd00::/8", webhook_ports="443,8443")
    )

    assert AddressPolicy(networks=("10.0.0.0/8", "fd00::/8"), ports=(443, 8443)) == policy
    with pytest.raises(SettingsError, match="WEBHOOK_ALLOWED_NETWORKS"):
        AddressPolicy.from_settings(Settings(webhook_allowed_networks="10.0.0.1/8"))


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/hook",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://[fe80::1%25eth0]/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.exa mple.com/",
        "https://hooks.example.com/\nhost: other",
        "https://exämple.com/",
        "https://",
        "https:///hook",
        "//hooks.example.com/",
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/",
        "javascript:alert(1)",
        "https://.example.com/",
        "https://-a.example.com/",
        f"https://{'a' * 64}.example.com/",
    ],
)
def test_a_url_that_readers_might_read_differently_is_refused(url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_target(url)
    assert refused.value.pointer == "/url"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "http://hooks.example.com/", "https://hooks.example.com:22/", "https://[::1]/"]
)
def test_what_a_url_shows_by_itself_is_refused_before_any_look_up(url: str) -> None:
    with pytest.raises(InvalidField):
        require_target(AddressPolicy(), parse_target(url))


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://hooks.example.com/plimsoll?key=1", "hooks.example.com", 443),
        ("https://HOOKS.example.com:8443/", "hooks.example.com", 8443),
        ("https://[2606:4700::1111]/", "2606:4700::1111", 443),
        ("http://8.8.8.8/", "8.8.8.8", 80),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443),
    ],
)
def test_a_target_is_taken_apart(url: str, host: str, port: int) -> None:
    target = parse_target(url)

    assert (host, port) == (target.host, target.port)
