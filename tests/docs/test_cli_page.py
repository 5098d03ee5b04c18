"""docs/cli.md knows every command and every option, and none that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

import cli
from tests.docs.pages import headings, page


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is listed and not there"
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield path + name, command


COMMANDS = dict(_commands(cli.app))


def _documented() -> set[str]:
    titles = [heading.replace("`", "") for heading in headings(page("docs/cli.md"))]
    return {title.removeprefix("sagaloom ") for title in titles if title.startswith("sagaloom ")}


def test_every_command_has_a_heading_and_every_heading_a_command() -> None:
    assert _documented() == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented(name: str) -> None:
    options = [option for param in COMMANDS[name].params for option in param.opts if option.startswith("--")]
    section = page("docs/cli.md").partition(f"sagaloom {name}`\n")[2].partition("\n## ")[0]
    assert [option for option in options if option not in section] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str) -> None:
    assert COMMANDS[name].get_short_help_str()
