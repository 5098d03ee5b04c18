"""What a person meets around the SQLite store's file: locks, foreign and damaged files, a full disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.stores.sqlite import open_sqlite
from adapters.stores.sqlite_schema import open_writer
from engine.errors import ConfigInvalid, EngineError, StoreLocked, StoreUnavailable
from engine.model import Query
from tests.contract.sagas import created, entry, followed

TOP = Path(__file__).parents[2]


def _open_and_close(folder: Path, options: Mapping[str, Any]) -> None:
    async def body() -> None:
        await (await open_sqlite(options, folder)).close()

    asyncio.run(body())


def _refusal(folder: Path, options: Mapping[str, Any]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        _open_and_close(folder, options)
    return caught.value


def test_missing_folders_are_made(tmp_path: Path) -> None:
    _open_and_close(tmp_path, {"path": "a/b/c.db"})
    assert (tmp_path / "a/b/c.db").is_file()


def test_the_path_has_a_default_in_the_data_folder(tmp_path: Path) -> None:
    _open_and_close(tmp_path, {})
    assert (tmp_path / "data/sagaloom.db").is_file()


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    _open_and_close(tmp_path / "elsewhere", {"path": str(tmp_path / "x.db")})
    assert (tmp_path / "x.db").is_file()


@pytest.mark.parametrize("options", [{"paht": "x.db"}, {"path": 5}, {"path": ""}, {"path": "a\0b"}])
def test_wrong_options_are_the_config_s_fault(tmp_path: Path, options: dict[str, Any]) -> None:
    assert isinstance(_refusal(tmp_path, options), ConfigInvalid)


def test_a_second_process_is_told_who_has_the_store_open(tmp_path: Path) -> None:
    async def body() -> None:
        store = await open_sqlite({"path": "x.db"}, tmp_path)
        try:
            code = f"""
import asyncio, pathlib
from adapters.stores.sqlite import open_sqlite
asyncio.run(open_sqlite({{"path": "x.db"}}, pathlib.Path({str(tmp_path)!r})))
"""
            second = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, cwd=TOP, stderr=asyncio.subprocess.PIPE
            )
            _, said = await second.communicate()
            assert (
                f"StoreLocked: The database {tmp_path}/x.db is open in process {os.getpid()}" in said.decode()
            )
            with pytest.raises(StoreLocked, match=str(os.getpid())):
                await open_sqlite({"path": "x.db"}, tmp_path)
        finally:
            await store.close()

    asyncio.run(body())
    _open_and_close(tmp_path, {"path": "x.db"})


def test_a_store_that_failed_to_open_leaves_no_lock(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is a letter, not a database. " * 100)
    _refusal(tmp_path, {"path": "x.db"})
    (tmp_path / "x.db").unlink()
    _open_and_close(tmp_path, {"path": "x.db"})


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    letter = b"this is a letter, not a database. " * 100
    (tmp_path / "x.db").write_bytes(letter)
    assert isinstance(_refusal(tmp_path, {"path": "x.db"}), ConfigInvalid)
    assert (tmp_path / "x.db").read_bytes() == letter


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        db.execute("CREATE TABLE songs (title TEXT)")
    before = (tmp_path / "x.db").read_bytes()
    error = _refusal(tmp_path, {"path": "x.db"})
    assert isinstance(error, ConfigInvalid)
    assert "another program" in str(error)
    assert (tmp_path / "x.db").read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    _open_and_close(tmp_path, {"path": "x.db"})
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        db.execute("PRAGMA user_version = 1000")
    error = _refusal(tmp_path, {"path": "x.db"})
    assert isinstance(error, ConfigInvalid)
    assert "newer Sagaloom" in str(error)


def test_a_damaged_file_is_told_of_and_not_mended(tmp_path: Path) -> None:
    _open_and_close(tmp_path, {"path": "x.db"})
    with (tmp_path / "x.db").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)
    error = _refusal(tmp_path, {"path": "x.db"})
    assert isinstance(error, StoreUnavailable)
    assert "damaged" in str(error)


def test_a_path_that_is_a_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()
    assert isinstance(_refusal(tmp_path, {"path": "x.db"}), StoreUnavailable)


def test_a_parent_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert isinstance(_refusal(tmp_path, {"path": "file/x.db"}), StoreUnavailable)


def test_a_commit_waits_for_the_disk_so_that_it_survives_a_loss_of_power(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "x.db")) as db:
        assert (db.pragma("journal_mode"), db.pragma("synchronous")) == ("wal", 2)  # 2 is FULL


def test_a_full_disk_loses_nothing_acknowledged_and_writing_goes_on_afterwards(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.contract.full_disk", str(tmp_path)]
    ran = subprocess.run(program, cwd=TOP, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "fine\n", ran.stderr


def test_a_person_s_shell_that_holds_a_lock_is_waited_for(tmp_path: Path) -> None:
    async def body() -> None:
        store = await open_sqlite({"path": "x.db"}, tmp_path)
        try:
            await store.create(created("s1"))
            with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as shell:
                shell.execute("BEGIN IMMEDIATE")
                commit = asyncio.ensure_future(store.commit(followed(created("s1").saga)))
                assert (await store.load("s1")).version == 1
                shell.execute("ROLLBACK")
                await commit
            assert (await store.load("s1")).version == 2
        finally:
            await store.close()

    asyncio.run(body())


def test_a_cancelled_caller_stops_nobody_else(tmp_path: Path) -> None:
    async def body() -> None:
        store = await open_sqlite({"path": "x.db"}, tmp_path)
        try:
            await store.create(created("first"))
            calls = [asyncio.ensure_future(store.create(created(f"s{n}"))) for n in range(10)]
            await asyncio.sleep(0)
            calls[3].cancel()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(answers.pop(3), asyncio.CancelledError)
            assert answers == [None] * 9
            assert len(await store.list(Query())) == 11
        finally:
            await store.close()

    asyncio.run(body())


def test_a_value_that_sqlite_cannot_hold_fails_its_own_caller_only(tmp_path: Path) -> None:
    async def body() -> None:
        store = await open_sqlite({"path": "x.db"}, tmp_path)
        try:
            await store.create(created("first"))
            odd = created("odd", owes=(entry("odd", due=1 << 70),))
            answers = await asyncio.gather(
                *(store.create(created(f"s{n}")) for n in range(5)), store.create(odd), return_exceptions=True
            )
            assert answers[:5] == [None] * 5
            assert isinstance(answers[5], Exception)
            assert {saga.saga_id for saga in await store.list(Query())} == {
                "first",
                *(f"s{n}" for n in range(5)),
            }
            assert list(await store.history("odd")) == []
        finally:
            await store.close()

    asyncio.run(body())
