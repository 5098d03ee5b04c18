"""Signatures of callbacks, as connector files declare them: read once, checked for every callback.

Pure; keys come with the scope. Nothing of a callback or a key gets into a reason.
"""

from __future__ import annotations

import binascii
import functools
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any

from engine.model import Millis
from providers.callbacks import TOLERANCE
from providers.connector import Signature, SignatureKind
from providers.connector_text import Scope, Text
from providers.connector_tree import Complain
from providers.signatures import EcPublicKey, RsaPublicKey, hmac_matches, same_text

_UNITS: Mapping[str, Millis] = {"s": 1000, "ms": 1}
_NEEDED: Mapping[str, tuple[str, ...]] = {"basic": ("user", "password"), "read-back": ()}
_SIGNED = ("key", "over", "given")
_PUBLIC = ("rsa-sha256", "ecdsa-sha256")
_TEXTS = ("key", "over", "given", "time", "user", "password")

At = tuple[str | int, ...]


def read_signature(
    data: Mapping[str, Any], at: At, text: Callable[[str, At], Text], no: Complain
) -> Signature:
    """The signature of a callback; what its kind needs and does not find is complained about."""
    kind: SignatureKind = data["kind"]
    for needed in _NEEDED.get(kind, _SIGNED):
        if needed not in data:
            no(at, f"a signature of kind {kind} needs {needed}")
    texts: dict[str, Any] = {name: text(data[name], (*at, name)) for name in _TEXTS if name in data}
    return Signature(
        kind=kind,
        encoding=data.get("encoding", "hex"),
        unit=_UNITS[data.get("timeUnit", "ms")],
        tolerance=int(data["tolerance"]) * 1000 if "tolerance" in data else TOLERANCE,
        **texts,
    )


def refusal(signature: Signature, scope: Scope, received: Millis) -> str | None:
    """Why the callback is not believed; None if it is, or if there is nothing to believe (read-back)."""
    if signature.kind == "read-back":
        return None
    if signature.kind == "basic":
        return None if _basic(signature, scope) else "the user or the password of the callback is wrong"
    if signature.time is not None and not _fresh(signature, signature.time, scope, received):
        return "the callback is too old, its clock is wrong, or it has no time"
    return None if _signed(signature, scope) else "the signature of the callback is missing or wrong"


def check_key(signature: Signature, scope: Scope) -> None:
    """Raises ValueError: the public key that the options give is none."""
    if signature.key is not None and signature.kind in _PUBLIC:
        _public_key(signature.kind, signature.key.text(scope) or "")


@functools.lru_cache(maxsize=32)
def _public_key(kind: SignatureKind, pem: str) -> RsaPublicKey | EcPublicKey:
    """Read once: reading costs more than verifying."""
    return RsaPublicKey(pem.encode()) if kind == "rsa-sha256" else EcPublicKey(pem.encode())


def _fresh(signature: Signature, time: Text, scope: Scope, received: Millis) -> bool:
    said = time.text(scope) or ""
    if not (said.isascii() and said.isdigit() and len(said) < 16):
        return False
    return abs(received - int(said) * signature.unit) <= signature.tolerance


def _signed(signature: Signature, scope: Scope) -> bool:
    if signature.key is None or signature.over is None or signature.given is None:
        return False
    given, key = _decoded(signature, scope), signature.key.text(scope)
    if given is None or not key:
        return False
    message = signature.over.content(scope)
    if signature.kind in _PUBLIC:
        return _public_key(signature.kind, key).verifies(message, given)
    return hmac_matches(key.encode(), message, given, signature.digest)


def _decoded(signature: Signature, scope: Scope) -> bytes | None:
    given = signature.given.text(scope) if signature.given is not None else None
    if not given or not given.isascii():
        return None
    try:
        if signature.encoding == "hex":
            return bytes.fromhex(given)
        if signature.encoding == "base64":
            return b64decode(given, validate=True)
        return urlsafe_b64decode(given + "=" * (-len(given) % 4))
    except (binascii.Error, ValueError):
        return None


def _basic(signature: Signature, scope: Scope) -> bool:
    user, password = signature.user, signature.password
    scheme, _, given = str(scope["header"].get("authorization", "")).partition(" ")
    if user is None or password is None or scheme.lower() != "basic":
        return False
    try:
        said = b64decode(given, validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return same_text(said, f"{user.text(scope)}:{password.text(scope)}")
