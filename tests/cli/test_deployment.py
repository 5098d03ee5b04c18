"""The files under deploy/ say what the program, its configuration and each other know."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from cli import COMMANDS, app
from engine.config import load_config

HOUSE = Path(__file__).parents[2]
DEPLOY = HOUSE / "deploy"
PAGE = (HOUSE / "docs" / "deployment.md").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
UNIT = (DEPLOY / "sagaloom.service").read_text()
DAEMONS = {name: one for name, one in COMPOSE["services"].items() if name.startswith("daemon")}
TARGET = "/etc/sagaloom/config.yaml"


def instruction(name: str) -> list[str]:
    return re.findall(rf"^\s*{name}\s+(.*)$", DOCKERFILE, flags=re.M)


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT, flags=re.M)


def parsed(arguments: list[str]) -> dict[str, Any]:
    """What the program would understand; fails where it would."""
    root = app.make_context("sagaloom", list(arguments))
    name, command, rest = app.resolve_command(root, [*root._protected_args, *root.args])
    assert name in COMMANDS
    assert isinstance(command, click.Command)
    return command.make_context(name, rest, parent=root).params


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    given: dict[str, str] = DAEMONS["daemon-1"]["environment"]
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


def test_compose_runs_two_daemons_a_replica_set_and_a_broker_on_images_with_versions() -> None:
    assert len(DAEMONS) == 2
    images = {name: one["image"] for name, one in COMPOSE["services"].items()}
    assert all(":" in image for name, image in images.items() if name not in DAEMONS)
    for name, one in COMPOSE["services"].items():
        assert set(one.get("depends_on", {})) <= set(COMPOSE["services"])
        for volume in one.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), name


def test_every_command_of_a_daemon_is_one_that_the_program_takes() -> None:
    for one in DAEMONS.values():
        assert parsed(one["command"])["file"] == Path(TARGET)
        assert any(volume.endswith(f":{TARGET}:ro") for volume in one["volumes"])
    (start,) = setting("ExecStart")
    assert parsed(shlex.split(start)[1:])["file"] == Path(TARGET)
    (command,) = [json.loads(each) for each in instruction("CMD") if "serve" in each]
    assert parsed(command)["file"] == Path(TARGET)
    for line in re.findall(r"^    sagaloom (.*)$", PAGE, flags=re.M):
        parsed(shlex.split(line))


def test_the_configuration_has_no_findings_with_what_compose_sets(environment: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["validate", "--config", str(DEPLOY / "config.yaml"), "--strict"])
    assert result.exit_code == 0, result.output
    named = set(re.findall(r"\{env: (\w+)\}", (DEPLOY / "config.yaml").read_text()))
    assert named == set(environment)
    assert all(name in PAGE for name in named)


def test_the_addresses_and_topics_of_the_configuration_are_there_in_compose(
    environment: dict[str, str],
) -> None:
    config = load_config(DEPLOY / "config.yaml")
    bus = config.channels["bus"].options
    script = " ".join(COMPOSE["services"]["topics"]["command"])
    (made,) = re.findall(r"for topic in (.*?); do", script)
    assert set(made.split()) == {*bus["outputTopics"], *bus["inputTopics"], bus["deadLetterTopic"]}
    kafka = COMPOSE["services"]["kafka"]["environment"]
    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{bus['brokers']}"
    set_name = COMPOSE["services"]["mongo"]["command"][2]
    assert environment["MONGODB_URI"].endswith(f"replicaSet={set_name}")
    assert f'_id: "{set_name}"' in COMPOSE["services"]["mongo"]["healthcheck"]["test"][-1]
    published = [port.split(":") for one in DAEMONS.values() for port in one["ports"]]
    assert all(host == "127.0.0.1" and int(inside) == config.http.port for host, _, inside in published)


def test_the_image_takes_what_the_program_is_made_of_and_does_not_run_as_root() -> None:
    copied = [each.split()[0] for each in instruction("COPY") if not each.startswith("--from")]
    files = instruction("COPY")[0].split()[:-1]
    assert all((HOUSE / name).exists() for name in [*copied, *files])
    packages = re.search(r"include = \[(.*?)\]", (HOUSE / "pyproject.toml").read_text())
    assert packages is not None
    assert {name.rstrip("*") for name in re.findall(r'"(\w+)\*"', packages[1])} <= set(copied)
    assert instruction("USER") == ["10001"]
    (health,) = instruction("HEALTHCHECK")
    port = load_default_port()
    assert f"http://127.0.0.1:{port}/-/healthz" in health
    assert instruction("EXPOSE") == [str(port)]


def load_default_port() -> int:
    port: int = yaml.safe_load((DEPLOY / "config.yaml").read_text())["http"]["port"]
    return port


def test_the_unit_is_not_root_gives_time_to_stop_and_stays_down_on_a_wrong_configuration() -> None:
    assert setting("User") == ["sagaloom"]
    assert setting("NoNewPrivileges") == ["yes"]
    assert setting("RestartPreventExitStatus") == ["2"]
    assert setting("KillMode") == ["mixed"]
    assert int(setting("TimeoutStopSec")[0]) > 30
    (page,) = re.findall(r"^    useradd .* (\w+)$", PAGE, flags=re.M)
    assert page == setting("User")[0]


def test_a_grace_of_the_containers_is_longer_than_the_daemon_takes() -> None:
    assert {one["stop_grace_period"] for one in DAEMONS.values()} == {"45s"}


def test_no_file_names_a_host_of_a_registry() -> None:
    for path in DEPLOY.iterdir():
        assert not re.search(r"\w\.(io|com|org|net)/", path.read_text()), path
