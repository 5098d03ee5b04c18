"""Checkout rules in a YAML file that the configuration names: read at start, with the findings that machines have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.definition.decode import MAX_BYTES, NotText, decode
from engine.definition.reporter import Reporter
from engine.definition.tree import NotYaml, Tree, parse
from engine.errors import ConfigInvalid, PayloadInvalid
from hub.checkout_rules import Offers, Rule, problems_of, read_rule


def rules_in_file(path: Path, offers: Offers) -> tuple[Rule, ...]:
    """The rules under `rules:` of the file, each written as the API takes it.

    Raises:
        ConfigInvalid: The file cannot be read, or `findings` tells what is wrong in it and where.
    """
    tree = _tree(path)
    reporter = Reporter(str(path), tree)
    for problem in tree.problems:
        reporter.report(problem.code, (), problem.message)
    written = _listed(tree.data, reporter)
    rules = [rule for index, one in enumerate(written) if (rule := _rule(index, one, offers, reporter))]
    _check_ids(rules, reporter)
    if reporter.findings():
        raise ConfigInvalid(f"the checkout rules in {path} have errors", reporter.findings())
    return tuple(rules)


def _listed(data: Any, reporter: Reporter) -> list[Any]:
    rules = data.get("rules") if isinstance(data, dict) and set(data) == {"rules"} else None
    if isinstance(rules, list):
        return rules
    reporter.report("wrong-value", (), "the file is not `rules:` with a list of checkout rules")
    return []


def _rule(index: int, written: Any, offers: Offers, reporter: Reporter) -> Rule | None:
    for problem in problems_of(written, offers):
        where = ".".join(map(str, problem.path))
        reporter.report("wrong-value", ("rules", index, *problem.path), f"{where} {problem.message}".strip())
    try:
        return read_rule(written, offers)
    except PayloadInvalid:
        return None


def _check_ids(rules: list[Rule], reporter: Reporter) -> None:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.rule_id in seen:
            reporter.report("duplicate-name", ("rules", index, "ruleId"), "another rule has this ruleId")
        seen.add(rule.rule_id)


def _tree(path: Path) -> Tree:
    try:
        with path.open("rb") as file:
            return parse(decode(file.read(MAX_BYTES + 1)))
    except OSError as error:
        raise ConfigInvalid(f"the checkout rules {path} cannot be read: {error.strerror}") from None
    except NotText as error:
        raise ConfigInvalid(f"the checkout rules {path}, line {error.line}: {error.message}") from None
    except NotYaml as error:
        line = error.problem.place.line
        raise ConfigInvalid(f"the checkout rules {path}, line {line}: {error.problem.message}") from None
