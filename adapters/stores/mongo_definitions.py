"""Deployed definitions: one document each, whose _id is machine and version."""

from __future__ import annotations

from typing import Any

from pymongo.errors import DuplicateKeyError

from adapters.stores.mongo_places import Places
from engine.errors import DefinitionChanged
from engine.model import StoredDefinition


async def deploy(places: Places, definition: StoredDefinition, *, replace: bool) -> None:
    """Keep a definition. Raises DefinitionChanged."""
    id_, fields = f"{definition.machine}/{definition.version}", _fields(definition)
    try:
        await places.definitions.insert_one({"_id": id_, **fields})
    except DuplicateKeyError:
        other = {"_id": id_, "contentHash": {"$ne": definition.content_hash}}
        if replace:
            await places.definitions.update_one(other, {"$set": fields})
        elif await places.definitions.find_one(other, {"_id": 1}) is not None:
            raise DefinitionChanged(
                f"Machine {definition.machine} version {definition.version} was deployed with another "
                "content: give the new content a new version"
            ) from None


async def definitions(places: Places, machine: str | None) -> list[StoredDefinition]:
    """By name and version."""
    where = {} if machine is None else {"machine": machine}
    found = await places.definitions.find(where).sort([("machine", 1), ("version", 1)]).to_list()
    return [
        StoredDefinition(
            machine=one["machine"],
            version=one["version"],
            content_hash=one["contentHash"],
            source=one["source"],
            deployed_at=one["deployedAt"],
        )
        for one in found
    ]


def _fields(definition: StoredDefinition) -> dict[str, Any]:
    return {
        "machine": definition.machine,
        "version": definition.version,
        "contentHash": definition.content_hash,
        "source": definition.source,
        "deployedAt": definition.deployed_at,
    }
