"""Templates of pages, mails and invoices: files that a team may edit, rendered in a sandbox.

The only home of Jinja2 beside the language's expressions. Everything is escaped unless the file is plain
text (`*.txt`); a name that is not there is an error and never an empty space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import ConfigInvalid


class Templates:
    """The templates of one or more folders; a file of an earlier folder takes the place of a later one's.

    Args:
        filters: Further filters, by name.
        reload: Look at each use whether the file changed: for those who write templates.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        reload: bool = False,
    ) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            undefined=StrictUndefined,
            autoescape=_escaped,
            auto_reload=reload,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(filters or {})

    def render(self, name: str, names: Mapping[str, Any]) -> str:
        """The template filled in.

        Raises:
            ConfigInvalid: There is no such template, it does not compile, or it asks for what is not there.
        """
        try:
            return self._environment.get_template(name).render(names)
        except TemplateNotFound as error:
            raise ConfigInvalid(f"there is no template {error.name}") from None
        except TemplateError as error:
            raise ConfigInvalid(_where(name, error)) from None

    def has(self, name: str) -> bool:
        """Whether there is such a template."""
        try:
            self._environment.get_template(name)
        except TemplateNotFound:
            return False
        except TemplateError:
            return True
        return True

    def problem(self, name: str) -> str | None:
        """Why the template does not compile; None if it does."""
        try:
            self._environment.get_template(name)
        except TemplateError as error:
            return _where(name, error)
        return None

    def names(self) -> list[str]:
        """Every template, by name."""
        return self._environment.list_templates()


def _escaped(name: str | None) -> bool:
    return name is None or not name.endswith(".txt")


def _where(name: str, error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    return f"template {name}{f', line {line}' if line else ''}: {error.message or type(error).__name__}"
