"""Signatures are what their standards say, and what is no key is no key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from providers.signatures import RsaPrivateKey, RsaPublicKey, hmac_digest, hmac_matches, same_text

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
PUBLIC = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def test_rfc_4231_case_2() -> None:
    key, message = b"Jefe", b"what do ya want for nothing?"
    digest = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert hmac_digest(key, message) == digest
    assert hmac_matches(key, message, digest)
    assert not hmac_matches(key, message, digest[:-1])
    assert not hmac_matches(key, message + b"!", digest)


def test_rfc_2202_case_2() -> None:
    digest = hmac_digest(b"Jefe", b"what do ya want for nothing?", "sha1")
    assert digest.hex() == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"


def test_any_text_can_be_compared() -> None:
    assert same_text("ü\ud800", "ü\ud800")
    assert not same_text("ü", "u")
    assert not same_text("", "u")


def test_what_is_signed_is_verified_and_nothing_else() -> None:
    signature = RsaPrivateKey(PRIVATE).sign(b"message")
    public = RsaPublicKey(PUBLIC)
    assert public.verifies(b"message", signature)
    assert not public.verifies(b"message!", signature)
    assert not public.verifies(b"message", signature[:-1])
    assert not public.verifies(b"message", b"")


def test_a_certificate_holds_a_public_key() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messages.example")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .sign(KEY, hashes.SHA256())
    )
    public = RsaPublicKey(certificate.public_bytes(serialization.Encoding.PEM))
    assert public.verifies(b"message", RsaPrivateKey(PRIVATE).sign(b"message"))


@pytest.mark.parametrize(
    "noise", [b"", b"noise", PUBLIC, PRIVATE[:200], b"-----BEGIN CERTIFICATE-----"], ids=range(5)
)
def test_what_is_no_private_key_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match="not an unencrypted private key"):
        RsaPrivateKey(noise)


@pytest.mark.parametrize(
    "noise", [b"", b"noise", PRIVATE, PUBLIC[:100], b"-----BEGIN CERTIFICATE-----"], ids=range(5)
)
def test_what_is_no_public_key_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match="neither a public key nor a certificate"):
        RsaPublicKey(noise)


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(public_exponent=65537, key_size=1024)],
    ids=["elliptic", "short"],
)
def test_a_key_of_another_kind_or_too_short_is_refused(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(ValueError, match="not an RSA key of at least 2048 bits"):
        RsaPrivateKey(private)
    with pytest.raises(ValueError, match="not an RSA key of at least 2048 bits"):
        RsaPublicKey(public)
