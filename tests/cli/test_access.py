"""Who may come in, from the command line: the first login, users, keys, and where a daemon refuses to start."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.stores.memory import MemoryStore
from cli import app
from commands.doors import house_of, make_first_user
from engine.config import AccessConfig, Config, HttpConfig, load_config
from engine.errors import ConfigInvalid
from hub.access.access import House, open_access
from tests.cli.daemon import Running, serving
from tests.fakes.clock import CountingIds, FakeClock

CONFIG = """
store: {type: memory}
access: {enabled: true}
"""


def called(*arguments: str, **options: str) -> Result:
    return CliRunner().invoke(app, arguments, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving("--data", "data", folder=tmp_path_factory.mktemp("daemon")) as one:
        yield one


def configured(host: str, *, enabled: bool | None = None, public: str | None = None) -> Config:
    http = HttpConfig(host=host, public=public)
    return replace(load_config(None), http=http, access=AccessConfig(enabled=enabled))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "pay.example"])
@pytest.mark.parametrize("enabled", [None, False])
def test_beyond_this_machine_nothing_starts_that_asks_nobody(host: str, enabled: bool | None) -> None:
    with pytest.raises(ConfigInvalid, match=r"access: \{enabled: true\}"):
        house_of(configured(host, enabled=enabled))
    assert house_of(configured(host, enabled=True)) == House(asks=True)


def test_an_address_for_the_public_is_beyond_this_machine_unless_somebody_says_otherwise() -> None:
    with pytest.raises(ConfigInvalid, match=r"pay\.example leads here"):
        house_of(configured("127.0.0.1", public="https://pay.example"))
    assert house_of(configured("127.0.0.1", public="https://pay.example", enabled=False)) == House(
        secure=True
    )
    assert house_of(configured("127.0.0.1", public="http://localhost:8080")) == House()


def test_the_program_says_so_and_ends_with_2(tmp_path: Path) -> None:
    result = called("serve", "--host", "0.0.0.0", "--port", "0", "--data", str(tmp_path))
    assert result.exit_code == 2
    assert "ask nobody who they are" in result.output
    assert list(tmp_path.iterdir()) == []


def test_of_several_daemons_one_prints_the_first_password(capsys: pytest.CaptureFixture[str]) -> None:
    async def body() -> None:
        store, clock, ids = MemoryStore(), FakeClock(), CountingIds()
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(make_first_user(open_access(store.records, clock, ids)))
        access = open_access(store.records, clock, ids)
        await make_first_user(access)
        [line] = capsys.readouterr().out.splitlines()
        name, password = line.split()[2:4]
        assert await access.users.verified(name, password) is not None

    asyncio.run(body())


def test_the_daemon_prints_the_first_login_and_logs_no_password(running: Running, tmp_path: Path) -> None:
    [line] = [line for line in running.lines if line.startswith("First login:")]
    assert line.split()[2] == "admin"


def test_users_are_added_listed_and_changed(running: Running) -> None:
    url = ("--url", running.url)
    added = called("user", "add", "anna", "viewer", *url)
    assert added.exit_code == 0, added.output
    assert "anna: viewer, active\npassword, shown this once: " in added.output
    assert (
        called("user", "add", "ben", "operator", "--stdin", *url, input="correct horse battery\n").exit_code
        == 0
    )
    assert called("user", "role", "anna", "operator", *url).output == "anna: operator, active\n"
    assert called("user", "disable", "anna", *url).output == "anna: operator, disabled\n"
    assert called("user", "enable", "anna", *url).output == "anna: operator, active\n"
    assert "shown this once" in called("user", "password", "anna", *url).output
    assert (
        "shown"
        not in called("user", "password", "anna", "--stdin", *url, input="correct horse battery").output
    )
    listed = json.loads(called("user", "list", "--json", *url).output)["items"]
    assert [(one["name"], one["role"]) for one in listed] == [
        ("admin", "admin"), ("anna", "operator"), ("ben", "operator"),
    ]  # fmt: skip
    assert "NAME" in called("user", "list", *url).output
    refused = called("user", "role", "nobody", "viewer", *url)
    assert (refused.exit_code, refused.output) == (1, "Error: There is no user of this name.\n")


def test_a_key_is_what_programs_are_known_by(running: Running) -> None:
    url = ("--url", running.url)
    key = called("key", "add", "shop", "viewer", *url).output.strip()
    assert called("saga", "list", *url, "--api-key", key).exit_code == 0
    refused = called("hold", *url, env={"SAGALOOM_API_KEY": key})  # type: ignore[arg-type]
    assert refused.exit_code == 1
    assert "asks for the role admin" in refused.output
    listed = json.loads(called("key", "list", "--json", *url).output)["items"]
    assert [one["name"] for one in listed] == ["shop"]
    assert key not in str(listed)
    assert called("key", "revoke", listed[0]["id"], *url).exit_code == 0
    gone = called("saga", "list", *url, "--api-key", key)
    assert (gone.exit_code, "revoked" in gone.output, key in gone.output) == (1, True, False)
    assert called("saga", "list", *url, "--api-key", "ké\n").exit_code == 2


def test_a_daemon_that_asks_tells_programs_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    with serving("--config", "config.yaml", folder=tmp_path) as one:
        refused = called("saga", "list", "--url", one.url)
        assert refused.exit_code == 1
        assert "Send an API key" in refused.output
    assert "password" not in (tmp_path / "stderr.txt").read_text()
