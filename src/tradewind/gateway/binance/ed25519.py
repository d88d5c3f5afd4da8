"""Ed25519 keys: the exchange knows the public half, as PEM, where an HMAC key has its secret."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import TYPE_CHECKING

from tradewind.exchange import ApiKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_HEAD = "-----BEGIN PUBLIC KEY-----"


def is_public(key: ApiKey) -> bool:
    """Whether the key signs with an Ed25519 key of its own instead of a shared secret."""
    return key.secret.lstrip().startswith(_HEAD)


def verifies(key: ApiKey, signed: str, signature: str) -> bool:
    """Whether `signature` (base64) is that of the text by the key's private half."""
    from cryptography.exceptions import InvalidSignature

    public = _public_key(key.secret)
    if public is None:
        return False
    try:
        public.verify(base64.b64decode(signature, validate=True), signed.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=256)
def _public_key(pem: str) -> Ed25519PublicKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, Ed25519PublicKey) else None
