"""Which addresses the service may call when somebody names one over the network.

Addresses in settings are the operator's and are not judged. One that comes through the
API could point the service at its own network: at the machine's neighbours, or at a
cloud's metadata service, which hands out credentials.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from utils.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA_NAMES = (
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
)
# Metadata services outside of the link-local range: Alibaba, Oracle, AWS over IPv6.
_METADATA = {ipaddress.ip_address(text) for text in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def resolve(host: str) -> list[str]:
    """Return the addresses of *host* as the system knows them; OSError when it knows none."""
    return [str(row[4][0]) for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def check_base_url(url: str, *, allow_private: bool = False, resolve: Callable[[str], Iterable[str]] = resolve) -> str:
    """Return *url* without a slash at its end, if the service may call it.

    Args:
        url: An address with http or https.
        allow_private: Whether hosts of private networks and this machine may be called.
        resolve: Returns the addresses of a host name.

    Raises:
        InputError: it is no address, or points where it must not.
    """
    host = _host(url)
    if host.casefold().rstrip(".") in _METADATA_NAMES:
        raise InputError(f"base_url: {host} is a metadata service, which is never called")
    try:
        found = [_address(text) for text in resolve(host)]
    except (OSError, UnicodeError, ValueError):
        raise InputError(f"base_url: the host {host[:100]!r} cannot be resolved; check its name") from None
    for address in found:
        _check(host, address, allow_private)
    return url.strip().rstrip("/")


def _host(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"base_url: got {url[:100]!r}, want an address like https://api.example.com/v1") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise InputError(f"base_url: got {url[:100]!r}, want an address that begins with http:// or https://")
    if parts.username or parts.password:
        raise InputError("base_url: holds a user name or password; give the key as api_key instead")
    if parts.query or parts.fragment or any(ord(char) <= 32 or ord(char) == 127 for char in url.strip()):
        raise InputError("base_url: holds a query, a fragment or white space; give scheme, host, port and path only")
    return host


def _address(text: str) -> Address:
    """Return the address that *text* leads to: IPv4 may hide in IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def _check(host: str, address: Address, allow_private: bool) -> None:
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        raise InputError(f"base_url: {host} leads to {address}, a link-local or metadata address; it is never called")
    if not address.is_global and not allow_private:
        raise InputError(
            f"base_url: {host} leads to {address}, which is private; set ALLOW_PRIVATE_BASE_URLS=true to allow that"
        )
