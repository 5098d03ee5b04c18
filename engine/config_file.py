"""The text of config.yaml, checked against config.schema.json with the findings of machine files.

Turns nothing into values: that is `config`, the only caller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from engine.definition.decode import MAX_BYTES, NotText, decode
from engine.definition.findings import Finding
from engine.definition.reporter import Reporter, from_problem
from engine.definition.structure import check_against, inlined
from engine.definition.tree import NotYaml, Tree, parse
from engine.errors import ConfigInvalid

At = tuple[str | int, ...]

_UNITS = {
    "": 1, "B": 1, "kB": 1_000, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000,
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,12}) ?([A-Za-z]*)")
MAX_SIZE = 1 << 30
"""Bytes. A larger body than a gigabyte would not fit into the daemon."""


class ConfigFile:
    """A file whose shape is right, and where to report what is found wrong later."""

    def __init__(self, path: Path, data: Mapping[str, Any], reporter: Reporter) -> None:
        self.data = data
        self._path = path
        self._reporter = reporter

    def missing(self, at: At, sentence: str) -> None:
        """Report that something which the file names is not there."""
        self._reporter.report("file-unreadable", at, sentence)

    def refuse_if_wrong(self) -> None:
        """Raises ConfigInvalid: something was reported."""
        _refuse(self._path, self._reporter.findings())


def open_config(path: Path) -> ConfigFile:
    """Read the file and check its shape.

    Raises:
        ConfigInvalid: With findings for all that is wrong with it.
    """
    tree = _tree(path)
    _refuse(path, tuple(from_problem(problem, str(path)) for problem in tree.problems))
    reporter = Reporter(str(path), tree)
    check_against(tree.data, config_schema(), reporter)
    if isinstance(tree.data, dict) and not reporter.findings():
        _check_kinds(tree.data, reporter)
    file = ConfigFile(path, tree.data, reporter)
    file.refuse_if_wrong()
    return file


@cache
def config_schema() -> dict[str, Any]:
    """The schema, references replaced by what they mean."""
    raw = json.loads(files("engine").joinpath("config.schema.json").read_text("utf-8"))
    plain: dict[str, Any] = inlined(raw, raw["definitions"])
    return plain


def size_of(written: str | int) -> int:
    """Bytes of `1MB`, `512kB`, `1GiB` or a number.

    Raises:
        ValueError: It is no size, or not 1 byte to 1 GiB.
    """
    form = _SIZE.fullmatch(str(written))
    if form is None or form[2] not in _UNITS:
        raise ValueError("is not a size")
    size = int(form[1]) * _UNITS[form[2]]
    if not 1 <= size <= MAX_SIZE:
        raise ValueError("is not between 1 byte and 1 GiB")
    return size


def _check_kinds(data: Mapping[str, Any], reporter: Reporter) -> None:
    """What depends on a `type`, and what a schema cannot say."""
    for kind, at, binding in _bound(data):
        check_against(binding, config_schema()["definitions"][f"{kind}.{binding['type']}"], reporter, at)
        _check_secrets(binding, at, reporter)
        if binding["type"] == "kafka":
            _check_topics(binding, at, reporter)
    for name in ("gateway", "mail", "sms", "messages", "merchant"):
        _check_secrets(data.get(name, {}), (name,), reporter)
    written = data.get("http", {}).get("maxBody")
    if written is not None:
        try:
            size_of(written)
        except ValueError as error:
            reporter.report("wrong-value", ("http", "maxBody"), f"maxBody {error}", fix="write e.g. 1MB")


def _check_topics(channel: Mapping[str, Any], at: At, reporter: Reporter) -> None:
    if "inputTopics" not in channel and "outputTopics" not in channel:
        reporter.report("missing-key", at, "the channel needs outputTopics, inputTopics or both")
    if "inputTopics" in channel and "consumerGroup" not in channel:
        fix = "write consumerGroup: the daemons of one group share the events"
        reporter.report("missing-key", at, "a channel with inputTopics needs a consumerGroup", fix=fix)


def _bound(data: Mapping[str, Any]) -> Iterator[tuple[str, At, Mapping[str, Any]]]:
    if "store" in data:
        yield "store", ("store",), data["store"]
    for kind in ("channel", "provider"):
        for name, binding in data.get(f"{kind}s", {}).items():
            yield kind, (f"{kind}s", name), binding


def _check_secrets(value: Any, at: At, reporter: Reporter) -> None:
    if not isinstance(value, dict):
        return
    if "file" in value and "env" in value:
        reporter.report("wrong-value", at, "a secret is in a file or in the environment, not in both")
    for key, part in value.items():
        _check_secrets(part, (*at, key), reporter)


def _tree(path: Path) -> Tree:
    try:
        return parse(decode(_content(path)))
    except NotText as error:
        finding = Finding(
            code=error.code, severity="error", message=error.message, file=str(path), line=error.line,
            column=error.column, fix=error.fix,
        )  # fmt: skip
    except NotYaml as error:
        finding = from_problem(error.problem, str(path))
    raise _invalid(path, (finding,))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigInvalid(f"the configuration {path} cannot be read: {error.strerror}") from None


def _refuse(path: Path, findings: tuple[Finding, ...]) -> None:
    if findings:
        raise _invalid(path, findings)


def _invalid(path: Path, findings: tuple[Finding, ...]) -> ConfigInvalid:
    return ConfigInvalid(f"the configuration {path} has errors", findings)
