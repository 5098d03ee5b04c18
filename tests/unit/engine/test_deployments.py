"""Which machines a daemon runs, and which version a saga keeps."""

from __future__ import annotations

import asyncio

import pytest

from engine.deployments import Deployments
from engine.errors import ConfigInvalid, DefinitionChanged, MachineNotFound
from tests.fakes.engine import definition_of, engine_for
from tests.fakes.machines import ORDER, sample

V1 = sample("A: {businessState: OPEN, on: {go: Z}}\nZ: {businessState: SHUT, final: true}")
V2 = sample("A: {businessState: OPEN, on: {walk: Z}}\nZ: {businessState: SHUT, final: true}").replace(
    "version: 1", "version: 2"
)


def test_a_saga_keeps_the_version_it_was_started_with() -> None:
    async def body() -> None:
        old = await engine_for(V1)
        await old.start(saga_id="s1")
        new = await engine_for(V2, store=old.store)
        await new.start(saga_id="s2")
        assert (await new.send("s1", "go")).state == "Z"
        assert (await new.send("s2", "walk")).state == "Z"
        assert [(await new.saga(id_)).machine_version for id_ in ("s1", "s2")] == [1, 2]

    asyncio.run(body())


def test_new_sagas_are_of_the_newest_version_in_whatever_order_files_come() -> None:
    async def body() -> None:
        bench = await engine_for(V2, V1)
        assert (await bench.start()).machine_version == 2
        assert bench.deployments.versions("sample") == [1, 2]

    asyncio.run(body())


def test_a_changed_file_under_the_same_version_is_refused_and_nothing_of_the_deployment_is_kept() -> None:
    async def body() -> None:
        bench = await engine_for(V1)
        changed = V2.replace("version: 2", "version: 1")
        with pytest.raises(DefinitionChanged, match="new version"):
            await bench.deployments.deploy([definition_of(changed)])
        assert bench.deployments.latest("sample").accepted("A") == ["go"]
        await bench.deployments.deploy([definition_of(changed)], replace=True)
        assert bench.deployments.latest("sample").accepted("A") == ["walk"]

    asyncio.run(body())


def test_comments_and_blank_lines_are_no_change() -> None:
    async def body() -> None:
        bench = await engine_for(V1)
        await bench.deployments.deploy([definition_of("# a remark\n\n" + V1)])
        assert bench.deployments.names() == ["sample"]

    asyncio.run(body())


VARIED = V1.replace("states:", "variables: {hour: 9, zone: UTC}\nstates:", 1)


def test_variables_of_the_configuration_are_the_machines_own_and_of_the_same_kind() -> None:
    async def body() -> None:
        bench = await engine_for(VARIED)
        for given, said in (
            ({"hour": 8, "zone": "Europe/Rome"}, None),
            ({"hours": 8}, "no such variable .it has: hour, zone"),
            ({"hour": "8"}, "the machine has a number there"),
        ):
            deployments = Deployments(bench.store, bench.clock, {"sample": given})
            if said is None:
                await deployments.deploy([definition_of(VARIED)])
                assert deployments.latest("sample").variables == given
            else:
                with pytest.raises(ConfigInvalid, match=f"variables.sample.hour.*{said}"):
                    await deployments.deploy([definition_of(VARIED)])

    asyncio.run(body())


def test_a_version_without_the_variable_is_restored_all_the_same() -> None:
    async def body() -> None:
        bench = await engine_for(V1)
        deployments = Deployments(bench.store, bench.clock, {"sample": {"hour": 8}})
        assert (await deployments.machine("sample", 1)).variables == {}

    asyncio.run(body())


def test_a_machine_that_is_nowhere_is_named_with_those_that_are() -> None:
    async def body() -> None:
        bench = await engine_for(V1, ORDER)
        with pytest.raises(
            MachineNotFound, match=r"no machine 'oder' is deployed \(deployed: order, sample\)"
        ):
            bench.deployments.latest("oder")
        with pytest.raises(MachineNotFound, match="version 7 is deployed nowhere"):
            await bench.deployments.machine("sample", 7)

    asyncio.run(body())
