"""Signatures of callbacks and requests: HMAC, RSA and ECDSA with SHA-256, compared in constant time.

The only room for the `cryptography` library. Knows no provider and no wire format; nothing of a key or
of what was signed gets into an error.
"""

from __future__ import annotations

import hmac
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_pem_x509_certificate

Digest = Literal["sha1", "sha256", "sha512"]

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_SMALLEST_KEY = 2048
"""Bits. A smaller modulus can be factored by whoever finds it worth the money (NIST SP 800-131A)."""


def hmac_digest(key: bytes, message: bytes, digest: Digest = "sha256") -> bytes:
    """The raw HMAC; the caller writes it as hex or base64."""
    return hmac.digest(key, message, digest)


def hmac_matches(key: bytes, message: bytes, signature: bytes, digest: Digest = "sha256") -> bool:
    """Whether `signature`, raw bytes, is the HMAC of the message. In constant time."""
    return hmac.compare_digest(hmac.digest(key, message, digest), signature)


def same_text(one: str, other: str) -> bool:
    """Equality in constant time, for any text: a signature that came in a header need not be ASCII."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


class RsaPrivateKey:
    """Signs with RSASSA-PKCS1-v1_5 and SHA-256. Has no readable repr."""

    def __init__(self, pem: bytes) -> None:
        """Raises ValueError if it is no unencrypted PEM private key of RSA with at least 2048 bits."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("not an unencrypted private key in PEM format") from None
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _SMALLEST_KEY:
            raise ValueError(f"not an RSA key of at least {_SMALLEST_KEY} bits")
        self._key = key

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())


class RsaPublicKey:
    """Verifies RSASSA-PKCS1-v1_5 with SHA-256."""

    def __init__(self, pem: bytes) -> None:
        """From a PEM public key or a PEM certificate, whose chain and dates are not looked at.

        Raises ValueError if it is neither, or not of RSA with at least 2048 bits.
        """
        try:
            key = (
                load_pem_x509_certificate(pem).public_key()
                if _CERTIFICATE in pem
                else serialization.load_pem_public_key(pem)
            )
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("neither a public key nor a certificate in PEM format") from None
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SMALLEST_KEY:
            raise ValueError(f"not an RSA key of at least {_SMALLEST_KEY} bits")
        self._key = key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


class EcPublicKey:
    """Verifies ECDSA with SHA-256 on the curve P-256; the signature is DER-encoded."""

    def __init__(self, pem: bytes) -> None:
        """Raises ValueError if it is no PEM public key on that curve."""
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("not a public key in PEM format") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("not a public key on the curve P-256")
        self._key = key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True
