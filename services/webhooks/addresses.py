"""Which addresses a message may be sent to: public ones over https, and networks that the operator has listed.

A name is looked up for each connection, every address that it has is checked, and the connection is made to an address
that was checked (`services.webhooks.client`): a name that answers differently the second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

import msgspec

from domain.errors import InvalidField
from domain.subscription.target import Target
from services.settings import Settings, SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Addresses of IPv6 that stand for one of IPv4, which is what counts: mapped (RFC 4291) and NAT64 (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
#: Never public, whatever a version of Python says of them (IANA's special-purpose registries): what is assigned to
#: protocols (among it a cloud's metadata at 192.0.0.192), relays of 6to4, local NAT64, discard, Teredo, 6to4,
#: documentation, segment routing, site-local.
_REFUSED = tuple(
    ip_network(text)
    for text in (
        *("192.0.0.0/24", "192.88.99.0/24"),
        *("64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10"),
    )
)
_LOW_32_BITS = 0xFFFF_FFFF


class AddressRefused(Exception):
    """A connection to this address is not made."""


class AddressPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages may go."""

    #: On-premises: any address of these, by http or https, on any port.
    networks: tuple[str, ...] = ()
    #: Of public addresses.
    ports: tuple[int, ...] = (443,)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises `SettingsError` for a text that is no network."""
        networks = _split(settings.webhook_allowed_networks)
        for text in networks:
            try:
                ip_network(text)
            except ValueError as error:
                raise SettingsError(f"PLIMSOLL_WEBHOOK_ALLOWED_NETWORKS: {error}") from None
        return cls(networks=networks, ports=tuple(map(int, _split(settings.webhook_ports))))

    def require(self, address: Address, *, scheme: str, port: int) -> None:
        """Raise `AddressRefused` for an address that no connection may be made to."""
        # The address that traffic ends at, and the one that is written: either may be the one that the list has.
        real = unwrap(address)
        forms = (address, real)
        if any(form in network for network in self._allowed for form in forms if _same_version(form, network)):
            return
        if not is_public(address):
            raise AddressRefused(f"{address} is not a public address")
        if scheme != "https":
            raise AddressRefused("a public address is reached by https")
        if port not in self.ports:
            raise AddressRefused(f"port {port} is not one of {', '.join(map(str, self.ports))}")

    def require_all(self, addresses: Sequence[Address], *, scheme: str, port: int) -> None:
        """Raise `AddressRefused` where any of a name's addresses is refused, or there is none."""
        if not addresses:
            raise AddressRefused("the name has no address")
        for address in addresses:
            self.require(address, scheme=scheme, port=port)

    @property
    def _allowed(self) -> tuple[Network, ...]:
        return tuple(map(ip_network, self.networks))


def _split(listed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in listed.split(",") if part.strip())


def unwrap(address: Address) -> Address:
    """The IPv4 address that one of IPv6 stands for; any other as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & _LOW_32_BITS) if address in _NAT64 else address


def is_public(address: Address) -> bool:
    """Whether it is an address of one machine in the public internet."""
    real = unwrap(address)
    if any(real in network for network in _REFUSED if _same_version(real, network)):
        return False
    return real.is_global and not (real.is_multicast or real.is_reserved or real.is_unspecified or real.is_loopback)


def _same_version(address: Address, network: Network) -> bool:
    return address.version == network.version


def parse_address(text: str) -> Address | None:
    """The address that `text` spells; None for a name, and for an address with a zone."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def require_target(policy: AddressPolicy, target: Target, pointer: str = "/url") -> None:
    """What can be said of a target before its name is looked up; raises `InvalidField`."""
    address = parse_address(target.host)
    try:
        if address is not None:
            policy.require(address, scheme=target.scheme, port=target.port)
        elif target.scheme != "https" and not policy.networks:
            raise AddressRefused("a target is reached by https")
        elif target.port not in policy.ports and not policy.networks:
            raise AddressRefused(f"port {target.port} is not one of {', '.join(map(str, policy.ports))}")
    except AddressRefused as refusal:
        raise InvalidField(str(refusal), pointer=pointer) from None
