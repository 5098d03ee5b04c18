"""Machines that change while a daemon runs: taken when they are right, told when they are not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.errors import ConfigInvalid, DefinitionChanged, DefinitionInvalid
from engine.model import Event
from engine.reload import Reload
from engine.reporting import Reporter
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample

V1 = sample("A: {businessState: OPEN, on: {go: Z}}\nZ: {businessState: SHUT, final: true}")
V2 = V1.replace("version: 1", "version: 2").replace("go: Z", "walk: Z")
V3 = V1.replace("version: 1", "version: 3")
SAME = V2.replace("version: 2", "version: 1")
BROKEN = V2.replace("walk: Z", "walk: NOWHERE")

Body = Callable[[Bench, Reload, Path], Awaitable[None]]


def _with(file: Path, body: Body, *, dev: bool = False) -> None:
    """Run `body` on an engine that has just read V1 from `file`."""

    async def run() -> None:
        _write(file, V1)
        bench = await engine_for(V1)
        paths = [file.parent]
        reload = Reload(bench.deployments, paths=paths, channels=(), report=Reporter(), dev=dev)
        await reload.files()
        await body(bench, reload, file)

    asyncio.run(run())


def _write(file: Path, text: str) -> None:
    """Change the file so that its stat tells it, however fast the test runs."""
    file.write_text(text)
    seen = file.stat()
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns + len(text) * 1_000_000))


def _remove(path: Path) -> None:
    path.rmdir() if path.is_dir() else path.unlink()


def _newest(bench: Bench) -> int:
    return bench.deployments.latest("sample").definition.version


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sample.yaml"


def test_a_new_version_starts_new_sagas_and_leaves_those_that_run_alone(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        await bench.start(saga_id="old")
        _write(file, V2)
        assert [(each.name, each.version) for each in await reload.files()] == [("sample", 2)]
        await bench.start(saga_id="new")
        assert (await bench.send("old", "go")).state == "Z"
        assert (await bench.send("new", "walk")).state == "Z"
        assert await reload.files() == []

    _with(file, body)


def test_the_files_decide_what_starts_also_when_they_go_back(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file, V2)
        await reload.files()
        _write(file, V1)
        assert await reload.files() == []
        assert (_newest(bench), (await bench.start()).machine_version) == (1, 1)
        more = file.parent / "more.yaml"
        _write(more, V1.replace("machine: sample", "machine: more"))
        await reload.files()
        assert bench.deployments.names() == ["more", "sample"]
        _remove(more)
        await reload.files()
        assert bench.deployments.names() == ["sample"]

    _with(file, body)


def test_a_broken_file_leaves_what_ran_and_says_so_until_it_is_mended(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file, BROKEN)
        with pytest.raises(DefinitionInvalid):
            await reload.files()
        assert _newest(bench) == 1
        (problem,) = reload.problems
        assert (problem.code, problem.file) == ("unknown-state", str(file))
        _write(file, V2)
        await reload.files()
        assert (reload.problems, _newest(bench)) == ((), 2)

    _with(file, body)


def test_one_broken_file_keeps_back_the_others_too(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file, V2)
        _write(file.parent / "other.yaml", BROKEN.replace("machine: sample", "machine: other"))
        with pytest.raises(DefinitionInvalid):
            await reload.files()
        assert _newest(bench) == 1
        assert [each.version for each in await bench.store.definitions()] == [1]

    _with(file, body)


def test_a_changed_content_under_a_deployed_version_is_refused_with_what_to_do(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file, SAME)
        with pytest.raises(DefinitionChanged, match=r"bump version to 2.*serve --dev"):
            await reload.files()
        assert reload.problems[0].code == "definition-changed"
        assert bench.deployments.latest("sample").accepted("A") == ["go"]

    _with(file, body)


def test_nothing_is_stored_when_one_of_several_is_refused(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file.parent / "a.yaml", V1.replace("machine: sample", "machine: a"))
        _write(file, SAME)
        with pytest.raises(DefinitionChanged):
            await reload.files()
        assert [each.machine for each in await bench.store.definitions()] == ["sample"]

    _with(file, body)


def test_two_files_cannot_hold_one_version(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file, V2)
        _write(file.parent / "copy.yaml", V2.replace("walk: Z", "run: Z"))
        with pytest.raises(DefinitionChanged, match="both hold machine 'sample' version 2"):
            await reload.files()

    _with(file, body)


def test_developing_takes_a_changed_content_under_the_same_version(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        await bench.start(saga_id="s1")
        _write(file, SAME)
        await reload.files()
        assert (await bench.send("s1", "walk")).state == "Z"

    _with(file, body, dev=True)


def test_developing_does_not_take_the_state_away_from_a_saga_that_is_in_it(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        await bench.start(saga_id="s1")
        _write(file, V1.replace("A:", "FIRST:").replace("initialState: A", "initialState: FIRST"))
        with pytest.raises(DefinitionChanged, match=r"'sample' version 1 has sagas in state A \(1\)"):
            await reload.files()
        await bench.send("s1", "go")
        await reload.files()
        assert (await bench.start()).state == "FIRST"

    _with(file, body, dev=True)


def test_a_tick_reads_files_that_changed_only_while_developing(file: Path) -> None:
    async def developing(bench: Bench, reload: Reload, file: Path) -> None:
        await reload.tick()
        assert _newest(bench) == 1
        _write(file, V2)
        await reload.tick()
        assert _newest(bench) == 2
        _write(file.parent / "more.yaml", V3)
        await reload.tick()
        assert _newest(bench) == 3

    async def serving(bench: Bench, reload: Reload, file: Path) -> None:
        _write(file, V2)
        await reload.tick()
        assert _newest(bench) == 1
        reload.want()
        await reload.tick()
        assert _newest(bench) == 2

    _with(file, developing, dev=True)
    _remove(file.parent / "more.yaml")
    _with(file, serving)


def test_a_tick_that_finds_a_broken_file_goes_to_the_log_once_and_not_to_the_caller(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        with capture_logs() as told:
            _write(file, BROKEN)
            await reload.tick()
            await reload.tick()
        assert _newest(bench) == 1
        (line,) = told
        assert (line["event"], line["log_level"]) == ("machines.not_reloaded", "error")
        assert "unknown-state" in line["findings"][0]
        _write(file, V2)
        await reload.tick()
        assert _newest(bench) == 2

    _with(file, body, dev=True)


def test_a_folder_that_is_gone_leaves_what_ran(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        _remove(file)
        _remove(file.parent)
        with pytest.raises(ConfigInvalid):
            await reload.files()
        assert (_newest(bench), reload.problems[0].code) == (1, "config-invalid")

    _with(file, body)


def test_a_text_that_is_sent_starts_sagas_and_stays_when_the_files_are_read_again(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        assert [each.version for each in await reload.text(V2)] == [2]
        assert (await bench.start()).machine_version == 2
        _write(file, V1)
        await reload.files()
        assert _newest(bench) == 2
        with pytest.raises(DefinitionInvalid) as refused:
            await reload.text(BROKEN)
        assert refused.value.findings[0].file == "(sent)"
        with pytest.raises(DefinitionChanged):
            await reload.text(SAME)
        assert reload.problems == ()

    _with(file, body)


def test_a_saga_in_the_middle_of_its_events_notices_nothing(file: Path) -> None:
    async def body(bench: Bench, reload: Reload, file: Path) -> None:
        for number in range(20):
            await bench.start(saga_id=f"s{number}")
        _write(file, V2)
        told = [bench.runner.handle(f"s{number}", Event(name="go")) for number in range(20)]
        _, answers = await asyncio.gather(reload.files(), asyncio.gather(*told))
        assert {answer.state for answer in answers} == {"Z"}

    _with(file, body)
