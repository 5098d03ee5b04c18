"""What a connector file says, as values: a provider that is declared and not programmed.

`connector_reading` makes them from a file's data, `connector_provider` runs them. The reference of the
file is docs/connectors.md; its schema is connectors/connector.schema.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.model import Millis
from providers.callbacks import TOLERANCE, About
from providers.connector_text import Text
from providers.connector_tree import Build
from providers.signatures import Digest

Kind = Literal["fine", "soft", "hard", "invalid", "ours", "later", "unknown", "missing", "duplicate"]
"""What an answer means for the request, whatever it says:

fine: it was taken on. soft, hard: declined, another provider may take it or not. invalid: it can never be
done as it is. ours: the account or the configuration is wrong. later: not begun. unknown: nobody knows.
missing: there is no such payment. duplicate: an earlier try was taken on; it is read back.
"""

Word = Literal["accepted", "failed", "pending", "approved", "missing"]
"""Where a payment stands. approved: the customer agreed, `complete` collects. missing: as if it were not there."""

Form = Literal["minor", "minor-text", "decimal-text", "decimal-number"]
SignatureKind = Literal[
    "hmac-sha1", "hmac-sha256", "hmac-sha512", "rsa-sha256", "ecdsa-sha256", "basic", "read-back"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What config.yaml says of the provider's account. Without a default it is required, unless optional."""

    default: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """The provider's words for a standing, compared without case; `absent` for an answer without one."""

    table: Mapping[str, Word]
    otherwise: Word = "pending"
    absent: Word = "pending"

    def word(self, said: object) -> Word:
        """Of one status; of several: accepted if any is, else the last one counts."""
        if isinstance(said, list):
            words = [self.word(one) for one in said]
            return "accepted" if "accepted" in words else words[-1] if words else self.absent
        if said is None or said == "":
            return self.absent
        return self.table.get(str(said).lower(), self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How the provider says no: a code in its answer first, else the HTTP status."""

    code: Text | None = None
    description: Text | None = None
    codes: Mapping[str, Kind] = field(default_factory=dict)
    statuses: Mapping[str, Kind] = field(default_factory=dict)
    otherwise: Kind = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request. `form`: the body is form-encoded. `otherwise`: takes the place of the errors' one."""

    method: str
    url: Text
    headers: Mapping[str, Text]
    query: Mapping[str, Text]
    body: Build | None = None
    form: bool = False
    otherwise: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """What makes a repeat safe: a header or a field of the body with the key, or reading back first.

    All None: the repeat is harmless.
    """

    header: str | None = None
    value: Text | None = None
    read_back: Operation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Calls that belong together: those of `before` in order, each with the name of its answer."""

    before: tuple[tuple[str, Call], ...]
    call: Call
    answer: Mapping[str, Text]
    keep: Mapping[str, Text]
    statuses: Statuses
    idempotency: Idempotency = Idempotency()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Where an access token comes from (OAuth 2 client credentials); used until shortly before it expires."""

    call: Call
    value: Text
    expires_in: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a callback proves who sent it.

    Attributes:
        key: The secret, or the public key in PEM format.
        over: What was signed.
        given: The signature as it came, hex, base64 or base64url (`encoding`).
        time: When it was signed, in `unit` milliseconds; it must be within `tolerance` of now.
        user, password: Of `basic`.
    """

    kind: SignatureKind
    key: Text | None = None
    over: Text | None = None
    given: Text | None = None
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    time: Text | None = None
    unit: Millis = 1
    tolerance: Millis = TOLERANCE
    user: Text | None = None
    password: Text | None = None

    @property
    def digest(self) -> Digest:
        return "sha1" if self.kind == "hmac-sha1" else "sha512" if self.kind == "hmac-sha512" else "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What a provider sends on its own. `hints`: signed or not, it is read back and not believed."""

    reads: Literal["json", "form", "query"]
    signature: Signature
    notice: Mapping[str, Text]
    keep: Mapping[str, Text]
    about: Mapping[str, About]
    otherwise: About
    statuses: Statuses
    reply_status: int = 200
    reply_body: str = ""
    reply_type: str = "text/plain"

    @property
    def hints(self) -> bool:
        return self.signature.kind == "read-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A whole connector file. Operations that it does not declare are not offered."""

    name: str
    options: Mapping[str, Option]
    methods: Mapping[str, str]
    default_method: str
    currencies: frozenset[str] | None
    manual: frozenset[str]
    partial_refunds: bool
    amounts: Form
    headers: Mapping[str, Text]
    basic: tuple[Text, Text] | None
    token: Token | None
    errors: Errors
    operations: Mapping[str, Operation]
    callback: Callback | None
