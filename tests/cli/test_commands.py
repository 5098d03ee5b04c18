"""The root and the small commands: help, version, schema, completion, demo, and how failures end."""

from __future__ import annotations

import json
import re
import sys
import types

import click
import pytest
from click.testing import CliRunner, Result

import cli
from cli import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_help_lists_every_command() -> None:
    shown = run("--help").stdout
    for name in cli.COMMANDS:
        assert re.search(rf"^  {name} ", shown, flags=re.M)


@pytest.mark.parametrize("arguments", [("--version",), ("version",)])
def test_the_version_is_shown(arguments: tuple[str, ...]) -> None:
    assert re.match(r"sagaloom \d+\.\d+", run(*arguments).stdout)


def test_versions_come_as_json() -> None:
    assert {"sagaloom", "python", "python-statemachine"} <= set(json.loads(run("version", "--json").stdout))


@pytest.mark.parametrize("kind", [(), ("machine",), ("config",)])
def test_the_schemas_are_printed_as_draft_07(kind: tuple[str, ...]) -> None:
    schema = json.loads(run("schema", *kind).stdout)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_back_this_program(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_SAGALOOM_COMPLETE" in script
    assert f"{shell}_complete" in script


def test_completion_knows_commands_and_options() -> None:
    asked = {"_SAGALOOM_COMPLETE": "bash_complete", "COMP_WORDS": "sagaloom val", "COMP_CWORD": "1"}
    result = CliRunner().invoke(app, [], prog_name="sagaloom", env=asked)
    assert result.stdout == "plain,validate\n"


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("draw", "--nonsense"), ("schema", "other"), ("serve", "--port", "70000")]
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_demo_runs_a_payment_and_an_order_and_says_what_to_try_next() -> None:
    result = run("demo")
    assert result.exit_code == 0, result.output
    assert "PAYMENT_EXECUTED" in result.stdout
    assert "ORDER_DELIVERED" in result.stdout
    assert "sagaloom serve" in result.stdout


def test_the_demo_comes_as_json() -> None:
    told = json.loads(run("demo", "--json").stdout)
    assert [saga["path"][-1]["to"] for saga in told] == ["PAYMENT_EXECUTED", "ORDER_DELIVERED"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command with a fault of our own."""

    @click.command("broken")
    def command() -> None:
        raise RuntimeError("a secret in the text of an error")

    module = types.ModuleType("broken_command")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "broken_command", module)
    monkeypatch.setitem(cli.COMMANDS, "broken", "broken_command")


@pytest.mark.usefixtures("broken")
def test_a_fault_of_our_own_is_one_sentence_and_a_hint() -> None:
    result = run("broken")
    assert result.exit_code == 70
    assert "RuntimeError" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.output
    assert "secret" not in result.output


@pytest.mark.usefixtures("broken")
def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in run("--debug", "broken").stderr
