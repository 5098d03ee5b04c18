from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from cli import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def commands(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield ctx.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            assert child is not None
            yield from commands(child, click.Context(child, info_name=name, parent=ctx))


def sections() -> dict[str, str]:
    parts = re.split(r"^#{2,3} `?(sagaloom[^`\n]*)`?$", PAGE.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tree() -> dict[str, click.Command]:
    return dict(commands(app, click.Context(app, info_name="sagaloom")))


def test_the_page_has_a_section_for_every_command_and_no_other() -> None:
    groups = {path for path, command in tree().items() if isinstance(command, click.Group)}
    assert set(tree()) - set(sections()) <= groups
    assert set(sections()) <= set(tree())


def test_every_option_is_documented_in_its_command_s_section() -> None:
    documented = sections()
    missing = [
        f"{path} {name}"
        for path, command in tree().items()
        if path in documented
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if not re.search(rf"`{name}[` ]", documented[path])
    ]
    assert not missing


def test_no_option_is_documented_that_is_not_there() -> None:
    known = {"-h", "--help", "--config", "--metadata", "--json"}
    for path, text in sections().items():
        options = {name for p in tree()[path].params for name in (*p.opts, *p.secondary_opts)}
        for row in re.findall(r"^\| (.*?) \|", text, flags=re.M):
            for name in re.findall(r"`(--?[a-z-]+)", row):
                assert name in options | known, f"{path} {name}"


def test_every_command_says_in_a_line_what_it_does() -> None:
    for path, command in tree().items():
        assert command.help, path
        assert not command.get_short_help_str(200).endswith("..."), path
