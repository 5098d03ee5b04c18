"""`sagaloom completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from commands.terminal import say

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and options.

    \b
    bash: eval "$(sagaloom completion bash)" in ~/.bashrc
    zsh:  eval "$(sagaloom completion zsh)" in ~/.zshrc
    fish: sagaloom completion fish > ~/.config/fish/completions/sagaloom.fish
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    say(kind(root.command, {}, "sagaloom", "_SAGALOOM_COMPLETE").source())
