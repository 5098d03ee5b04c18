"""The connection: options, the client with the promises it writes under, and what its errors mean for the engine.

No message of ours holds a part of the connection string but the hosts: a user or a password may stand in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from engine.errors import ConfigInvalid, PayloadInvalid, StoreUnavailable

Database = AsyncDatabase[dict[str, Any]]

DEFAULT_DATABASE = "sagaloom"
PATIENCE = {"serverSelectionTimeoutMS": 5_000, "connectTimeoutMS": 5_000, "socketTimeoutMS": 20_000}
"""Unless the connection string says otherwise: how long a call waits for a primary, a connection, an answer."""

_TOO_LARGE = {15, 10334, 17260, 17280, 17419, 17420}
_NOT_LET_IN = {13, 18, 8000}
_OPTIONS = ("collections", "database", "uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked options. `collections`: by machine, the one its sagas are kept in."""

    uri: str = field(repr=False)
    database: str = DEFAULT_DATABASE
    collections: Mapping[str, str] = field(default_factory=dict)


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Raises ConfigInvalid."""
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise ConfigInvalid(
            f"store: a MongoDB store has no option {', '.join(unknown)} (it has: {', '.join(_OPTIONS)})"
        )
    uri, database = options.get("uri"), options.get("database", DEFAULT_DATABASE)
    collections = options.get("collections", {})
    if not isinstance(uri, str) or not uri:
        raise ConfigInvalid("store: uri is missing: a MongoDB store needs its connection string")
    if not isinstance(database, str) or not database or set(database) & set('/\\. "$\0'):
        raise ConfigInvalid("store: database is the name of a MongoDB database")
    if not isinstance(collections, Mapping) or not all(map(_is_collection, collections.values())):
        raise ConfigInvalid("store: collections maps machines to names of collections")
    return Settings(uri=str(uri), database=database, collections=dict(collections))


def client_of(settings: Settings) -> AsyncMongoClient[dict[str, Any]]:
    """A client that has not spoken to anybody yet. Raises ConfigInvalid."""
    try:
        return AsyncMongoClient(settings.uri, **_patience(settings.uri), appname="sagaloom", retryWrites=True)
    except (InvalidURI, ConfigurationError, ValueError, TypeError):
        raise ConfigInvalid(
            "store: uri is no connection string that MongoDB's driver understands (mongodb://user:password@host:port/"
            "?replicaSet=name; reserved characters in user and password are percent-encoded)"
        ) from None


def database_of(client: AsyncMongoClient[dict[str, Any]], settings: Settings) -> Database:
    """The database: majority and journal on every write, primary and majority on every read."""
    return client.get_database(
        settings.database,
        codec_options=CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS),
        read_preference=ReadPreference.PRIMARY,
        write_concern=WriteConcern("majority", j=True),
        read_concern=ReadConcern("majority"),
    )


async def reach(database: Database, first: Callable[[], Awaitable[None]]) -> None:
    """See that the database answers and lets us in, then do what comes first.

    Raises:
        ConfigInvalid: It does not know the user or the password, or the user may not do what is needed.
        StoreUnavailable: Nobody answers, or nobody who may write.
    """
    try:
        await database.command("ping")
        await first()
    except ConnectionFailure as error:
        # The driver drops the hosts that say they belong to another replica set.
        hosts = _hosts(database) or "any host of uri that is in its replica set; is replicaSet right?"
        raise StoreUnavailable(
            f"store: no MongoDB that may write answers at {hosts} ({type(error).__name__})"
        ) from None
    except OperationFailure as error:
        if error.code in _NOT_LET_IN:
            raise ConfigInvalid(
                f"store: MongoDB refuses the user or the password of uri, or the user may not use the database "
                f"{database.name} ({_named(error)})"
            ) from None
        raise StoreUnavailable(f"store: MongoDB refuses to be set up ({_named(error)})") from None
    except PyMongoError as error:
        raise StoreUnavailable(f"store: MongoDB cannot be used ({type(error).__name__})") from None


@contextmanager
def errors_told() -> Iterator[None]:
    """What the driver raises, as errors of the engine.

    Raises:
        StoreUnavailable: The outcome is unknown.
        PayloadInvalid: The document does not fit into MongoDB.
    """
    try:
        yield
    except DocumentTooLarge:
        raise PayloadInvalid(
            "The saga would not fit into 16 MB, which is the most that MongoDB keeps"
        ) from None
    except (BSONError, OverflowError, UnicodeError, RecursionError) as error:
        raise PayloadInvalid(f"The data cannot be stored in MongoDB ({type(error).__name__})") from None
    except OperationFailure as error:
        if error.code in _TOO_LARGE:
            raise PayloadInvalid(f"The saga does not fit into a MongoDB document ({_named(error)})") from None
        if isinstance(error, (ExecutionTimeout, WTimeoutError)):
            raise StoreUnavailable(f"MongoDB took too long ({_named(error)})") from error
        raise StoreUnavailable(f"MongoDB refused ({_named(error)})") from error
    except PyMongoError as error:
        raise StoreUnavailable(f"MongoDB does not answer ({type(error).__name__})") from error


def _is_collection(name: object) -> bool:
    return (
        isinstance(name, str) and bool(name) and not set(name) & set("$\0") and not name.startswith("system.")
    )


def _patience(uri: str) -> dict[str, Any]:
    """What the connection string does not say itself."""
    said = uri.lower()
    return {option: value for option, value in PATIENCE.items() if f"{option.lower()}=" not in said}


def _hosts(database: Database) -> str:
    hosts = database.client.topology_description.server_descriptions()
    return ", ".join(f"{host}:{port}" for host, port in sorted(hosts, key=str))


def _named(error: OperationFailure) -> str:
    """The error's name: its message may quote documents."""
    details = error.details or {}
    return str(details.get("codeName") or f"{type(error).__name__} {error.code}")
