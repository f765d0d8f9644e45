"""What the address of a subscription looks like. Where it leads is looked at when a connection is made."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from domain.errors import InvalidField

_SCHEMES = {"https": 443, "http": 80}
#: What a URL is written with (RFC 3986); anything else is percent-encoded, names in other scripts as `xn--...`.
_URL = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_IPV4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
#: A last label that begins like a number: resolvers read `2130706433`, `0x7f.1` and `0177.0.0.1` as addresses.
_NUMERIC = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An address, taken apart."""

    scheme: str
    #: A name, or an address without brackets.
    host: str
    port: int


def parse_target(url: str, pointer: str = "/url") -> Target:
    """The parts of an absolute http(s) URL.

    Raises `InvalidField` for anything that readers of URLs might disagree on.
    """
    if not _URL.fullmatch(url):
        raise InvalidField("a URL has no blanks and no characters outside ASCII: encode them", pointer=pointer)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidField("not a URL", pointer=pointer) from None
    scheme, host = parts.scheme, parts.hostname or ""
    if scheme not in _SCHEMES:
        raise InvalidField("a target is reached by https", pointer=pointer, allowed=tuple(_SCHEMES))
    if "@" in parts.netloc:
        raise InvalidField("a URL holds no user and no password", pointer=pointer)
    if "#" in url:
        raise InvalidField("a target has no fragment", pointer=pointer)
    if port == 0:
        raise InvalidField("no port 0", pointer=pointer)
    _require_host(host, is_bracketed="[" in parts.netloc, pointer=pointer)
    return Target(scheme=scheme, host=host, port=port or _SCHEMES[scheme])


def _require_host(host: str, *, is_bracketed: bool, pointer: str) -> None:
    if is_bracketed:
        if not _IPV6.fullmatch(host):
            raise InvalidField("not an IPv6 address", pointer=pointer)
        return
    if _IPV4.fullmatch(host):
        return
    if not _NAME.fullmatch(host) or _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise InvalidField("the host is a name, four decimal numbers, or an IPv6 address in brackets", pointer=pointer)
