"""`sagaloom validate --config` looks at routes and checkout rules too."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import app
from engine.config import HOUSE

RULES = "rules:\n- {ruleId: default, priority: 1, response: [{provider: bank, paymentMethod: shells}]}\n"


def validate(folder: Path, text: str) -> tuple[int, str]:
    (folder / "rules.yaml").write_text(RULES)
    order = HOUSE / "machines" / "order.yaml"
    known = f"machines: [{order}]\nproviders: {{bank: {{type: sandbox}}}}"
    (folder / "config.yaml").write_text(f"{known}\n{text}\n")
    done = CliRunner().invoke(app, ["validate", "--config", str(folder / "config.yaml")])
    return done.exit_code, f"{done.output} {done.exception or ''}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("routing: [{name: a, priority: [nobody]}]", "there is no provider nobody"),
        ("routing: [{name: a}]", "either priority or weights"),
        ("checkout: {rules: rules.yaml}", "does not take this payment method"),
        ("checkout: {rules: none.yaml}", "cannot be read"),
        ("checkout: {cache: soon}", "is not a duration"),
    ],
)
def test_what_cannot_be_is_told_before_the_daemon_starts(tmp_path: Path, text: str, said: str) -> None:
    code, output = validate(tmp_path, text)
    assert code != 0
    assert said in " ".join(output.split())


def test_routes_that_can_be_are_fine(tmp_path: Path) -> None:
    code, output = validate(tmp_path, "routing: [{name: a, weights: {bank: 1}}]\ncheckout: {cache: 1m}")
    assert code == 0, output
