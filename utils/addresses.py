"""Which addresses the service may call when a caller names one over the API.

Addresses in settings are the operator's and are not checked. One that comes through the
API could point the service at its own network: at the machine's neighbours, or at a
cloud's metadata service, which hands out credentials. Only what is known to be of the
public internet is called, so that an unforeseen form is refused; the lists are
IANA's registries of special-purpose addresses.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from utils.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PORTS = {"http": 80, "https": 443}
_METADATA_NAMES = (
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
)
# Metadata services outside of the link-local range: Alibaba, Oracle, Azure, AWS and Google over IPv6.
_METADATA = {
    ipaddress.ip_address(text)
    for text in ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")
}


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# No other IPv6 range is allocated to the internet: not the forms that hide an IPv4 address
# (::a.b.c.d, ::ffff:a.b.c.d, NAT64), nor site-local, unique local, link-local and multicast ones.
_GIVEN_OUT = _networks("0.0.0.0/0", "2000::/3")
_SPECIAL = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # Teredo and others, documentation (twice), 6to4
)
_PRIVATE = _networks(
    *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
# Prefix of IPv4 addresses in networks that have IPv6 only (DNS64, RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*", re.IGNORECASE)
# 127.1, 2130706433, 0x7f.0.0.1 and the like, which some readers take for IPv4 addresses.
_NUMBER_AT_END = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)$", re.IGNORECASE)


def resolve(host: str) -> list[str]:
    """Return the addresses of *host* as the system resolves them; OSError when it finds none."""
    return [str(row[4][0]) for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def origin(url: str) -> str:
    """Return scheme, host and port of *url*, in one spelling: what a key belongs to."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return url
    return f"{parts.scheme}://{(parts.hostname or '').casefold()}:{port}"


def without_user(url: str) -> str:
    """Return *url* without the user name and password that it may hold."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Which addresses that came over the API may be called.

    Attributes:
        allow_private: Whether hosts of private networks and this machine may be called.
        resolve: Returns the addresses of a host name.
    """

    allow_private: bool = False
    resolve: Callable[[str], Iterable[str]] = resolve

    def base_url(self, url: str) -> str:
        """Return *url* without a slash at its end, if the service may call it.

        Raises:
            InputError: it is no address, or points where it must not. What was sent is not in
                the message: a key may have been put into the wrong field.
        """
        self.addresses(_host(url))
        return url.strip().rstrip("/")

    def addresses(self, host: str) -> list[str]:
        """Return the addresses that *host* has now, if every one of them may be called.

        Raises:
            InputError: one must not be called, or there is none.
        """
        if host.casefold().rstrip(".") in _METADATA_NAMES:
            raise InputError(f"base_url: {host} is a metadata service, which is never called")
        try:
            found = [ipaddress.ip_address(text.partition("%")[0]) for text in self.resolve(host)]
        except (OSError, UnicodeError, ValueError):
            found = []
        if not found:
            raise InputError("base_url: its host cannot be resolved; check its name")
        for address in found:
            self._check(host, address)
        return [str(address) for address in found]

    def _check(self, host: str, address: Address) -> None:
        if _is_public(address):
            return
        if address in _METADATA or not _is_private(address):
            raise InputError(
                f"base_url: {host} leads to {address}, a link-local or metadata address or one of another special"
                " use; it is never called"
            )
        if not self.allow_private:
            raise InputError(
                f"base_url: {host} leads to {address}, which is private; set ALLOW_PRIVATE_BASE_URLS=true to allow that"
            )


def _is_public(address: Address) -> bool:
    return (
        any(address in network for network in _GIVEN_OUT)
        and not any(address in network for network in _SPECIAL)
        and address not in _METADATA
    )


def _is_private(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return any(address in network for network in _PRIVATE)


def _host(url: str) -> str:
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InputError("base_url: is no address; want one like https://api.example.com/v1") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise InputError("base_url: is no address that begins with http:// or https://; want one like that")
    if parts.username is not None or parts.password is not None:
        raise InputError("base_url: holds a user name or password; give the key as api_key instead")
    if parts.query or parts.fragment or any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise InputError("base_url: holds a query, a fragment or white space; give scheme, host, port and path only")
    _check_spelling(host)
    return host


def _check_spelling(host: str) -> None:
    """Refuse what different URL parsers read as different hosts."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        named = host.removesuffix(".")
        if named != host and named.casefold() not in _METADATA_NAMES:
            raise InputError("base_url: its host ends in a dot; give it without") from None
        if _NUMBER_AT_END.search(named) or not _NAME.fullmatch(named):
            raise InputError(
                "base_url: its host is neither a name in ASCII nor an address written in full (a.b.c.d or [IPv6])"
            ) from None
