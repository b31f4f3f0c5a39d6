"""Which key goes where. The one rule: a key is sent to the address that it was given for, and to no other.

An address is scheme, host and port. A key of the settings is given for the address of the
settings; a stored one for the address that the provider had when it was stored, which is encrypted
with it. Whatever changes the address, over the API or in the environment of the next start, the
key is not sent. Ollama's key is for its cloud: `OLLAMA_HOST` names the user's own server.
"""

import logging
from dataclasses import dataclass, field

from models.catalogue.provider_store import KeptProvider, ProviderFields
from services.catalogue.catalogue import ProviderInfo
from services.llm.routing.roster import OWN_SERVERS, Credentials
from utils.addresses import origin
from utils.errors import StorageError
from utils.installation import missing
from utils.redaction import remember_secret
from utils.secret_box import SecretBox

log = logging.getLogger(__name__)
# Adapters whose key is the vendor's, while their setting of an address is for servers without one.
_KEY_OF_THE_VENDOR = ("ollama",)
# The one whose server is an installed package.
_EMBEDDED = "local"


@dataclass(frozen=True, slots=True)
class Given:
    """What the settings hold for a provider; "" where they hold none."""

    api_key: str = field(default="", repr=False)
    base_url: str = ""


def address_of(info: ProviderInfo, given: Given, fields: ProviderFields) -> str:
    """Return where a provider of the catalogue (or an added one) is reached, with what was set over the API."""
    return fields.get("base_url") or given.base_url or info.base_url


def address_of_key(info: ProviderInfo, given: Given, fields: ProviderFields) -> str:
    """Return the address to which a key belongs that is given now."""
    of_settings = "" if info.adapter in _KEY_OF_THE_VENDOR else given.base_url
    return fields.get("base_url") or of_settings or info.base_url


def seal_key(box: SecretBox, key: str, address: str) -> str:
    """Encrypt *key* together with the address that it is for; InputError without an encryption key."""
    remember_secret(key)
    return box.seal(f"{origin(address)}\n{key}")


def credentials_of(info: ProviderInfo, given: Given, kept: KeptProvider | None, box: SecretBox) -> Credentials | None:
    """Return how a provider is reached; None when it cannot be.

    A stored key wins over that of the settings: it was set later, and on purpose. One that cannot
    be opened leaves the provider out.

    Args:
        info: The provider as its catalogue has it, or as it was added.
        given: What the settings hold.
        kept: What was set over the API.
        box: Opens the stored key.
    """
    if info.adapter == _EMBEDDED and missing("xllamacpp"):
        return None
    fields: ProviderFields = kept.fields if kept is not None else {}
    address = address_of(info, given, fields)
    key, key_for = given.api_key, origin(address_of_key(info, given, {}))
    if kept is not None and kept.sealed_key is not None:
        try:
            key, key_for = _opened(box, kept.sealed_key, fields.get("base_url") or info.base_url)
        except StorageError as error:
            log.warning("stored key not usable", extra={"provider": kept.id, "reason": str(error)})
            return None
    if key and key_for != origin(address):
        log.info("key not sent", extra={"provider": info.id, "given_for": key_for, "address": origin(address)})
        key = ""
    is_own = bool(fields.get("base_url") or given.base_url)
    if not key and info.key and not (is_own and info.adapter in OWN_SERVERS):
        return None
    return Credentials(key, address if is_own else "", bool(fields.get("base_url")))


def _opened(box: SecretBox, sealed: str, address: str) -> tuple[str, str]:
    """Return a stored key and what it was given for; one that was sealed alone was for *address*."""
    given_for, newline, key = box.open(sealed).rpartition("\n")
    remember_secret(key)
    return key, given_for if newline else origin(address)
