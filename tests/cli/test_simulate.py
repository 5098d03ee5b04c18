"""`sagaloom simulate`: a walk by hand, with lines piped in, and many at random."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import app

HOUSE = Path(__file__).parents[2]
ORDER = HOUSE / "machines" / "order.yaml"
BEGIN = ["--metadata", '{"orderNumber": "1", "total": 5, "currency": "EUR"}']


def by_hand(*lines: str, machine: Path = ORDER, options: list[str] | None = None) -> Result:
    arguments = ["simulate", str(machine), *(BEGIN if options is None else options)]
    return CliRunner().invoke(app, arguments, input="".join(f"{line}\n" for line in lines))


def at_random(*options: str, machine: Path = ORDER) -> Result:
    return CliRunner().invoke(app, ["simulate", str(machine), "--random", *options])


def test_it_shows_where_the_saga_stands_and_what_may_happen() -> None:
    result = by_hand("quit")
    assert result.exit_code == 0
    assert "ORDER_CREATED  (business state CREATED)  2026-01-01T00:00:00.000Z" in result.stdout
    assert "asked     payOrder" in result.stdout
    assert "orderExpired in 1d" in result.stdout
    assert "reply payOrder: done  (paymentExecuted)" in result.stdout


def test_it_makes_metadata_up_where_none_are_given() -> None:
    assert '"orderNumber": "orderNumber-1"' in by_hand("quit", options=[]).stdout


def test_a_number_does_what_it_says_and_takes_a_payload() -> None:
    result = by_hand('1 {"paymentId": "p1"}', "history")
    assert "ORDER_PAID  (business state CREATED)" in result.stdout
    assert "2  2026-01-01T00:00:00.000Z  paymentExecuted  -> ORDER_PAID" in result.stdout


def test_time_passes_and_timers_fire() -> None:
    assert "ORDER_UNPAID  (business state FAILED)  2026-01-02T00:00:00.000Z" in by_hand("wait 24h").stdout


def test_undo_goes_back_one_step() -> None:
    result = by_hand("reply payOrder failed", "undo", "undo")
    assert [line.split()[0] for line in result.stdout.splitlines() if "(business state" in line] == [
        "ORDER_CREATED", "ORDER_UNPAID", "ORDER_CREATED",
    ]  # fmt: skip
    assert "! there is nothing to undo" in result.stdout


def test_a_walk_leads_to_the_end_through_stuck_and_skip() -> None:
    walked = (
        'reply payOrder done {"paymentId": "p1"}',
        "reply bookCourier done",
        "reply prepareOrder failed",
    )
    result = by_hand(*walked, "stuck cancelCourier", "skip cancelCourier", "reply refundOrder done")
    assert "parked    cancelCourier" in result.stdout
    assert "told: alertOperators" in result.stdout
    assert "ORDER_FAILED" in result.stdout
    assert "This is the end" in result.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sned paymentFailed", "did you mean send?"),
        ("99", "there are"),
        ("send nothing", "does not accept event 'nothing'"),
        ("send paymentFailed {", "the payload is not JSON"),
        ("wait soon", "is not a duration"),
        ("reply payOrder", "type help"),
        ("reply restock done", "no command restock is open"),
        ("save", "save where?"),
        ("send paymentExecuted", "paymentId"),
        ("1 {}", "paymentId"),
        ("move NOWHERE", "has no state 'NOWHERE'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(line: str, said: str) -> None:
    result = by_hand(line, "history")
    assert result.exit_code == 0
    (told,) = [each for each in result.stdout.splitlines() if each.startswith("! ")]
    assert said in told
    assert result.stdout.rstrip().endswith("orderCreated  -> ORDER_CREATED")


def test_a_walk_is_saved_as_a_scenario_that_passes(tmp_path: Path) -> None:
    (tmp_path / "order.yaml").write_text(ORDER.read_text())
    saved = tmp_path / "order.scenarios.yaml"
    result = by_hand(
        "reply payOrder failed", "wait 7d", f"save {saved}", f"save {saved}", machine=tmp_path / "order.yaml"
    )
    assert "is there already" in result.stdout
    tested = CliRunner().invoke(app, ["test", str(saved)])
    assert tested.exit_code == 0, tested.output
    assert "state: ORDER_FAILED, final: true" in saved.read_text()


def test_a_scenario_saved_elsewhere_names_its_machine(tmp_path: Path) -> None:
    by_hand("reply payOrder failed", f"save {tmp_path / 'mine.scenarios.yaml'}")
    assert CliRunner().invoke(app, ["test", str(tmp_path / "mine.scenarios.yaml")]).exit_code == 0


def test_metadata_that_the_machine_refuses_end_it() -> None:
    result = by_hand(options=["--metadata", "{}"])
    assert result.exit_code == 1
    assert "Mend --metadata." in result.stderr


def test_a_machine_with_errors_is_not_simulated(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("machine: bad\n")
    result = by_hand(machine=tmp_path / "bad.yaml")
    assert result.exit_code == 1
    assert "missing-key" in result.stderr


def test_the_end_of_the_input_ends_it() -> None:
    assert by_hand().exit_code == 0


def test_random_sagas_are_counted_by_where_they_end() -> None:
    result = at_random("200", "--seed", "7")
    assert result.exit_code == 0, result.output
    assert "200 sagas of order, seed 7" in result.stdout
    assert "ORDER_DELIVERED" in result.stdout
    assert "15 of 15 transitions happened." in result.stdout


def test_the_same_seed_gives_the_same_report_and_another_another() -> None:
    assert at_random("50", "--seed", "1").stdout == at_random("50", "--seed", "1").stdout
    assert at_random("50", "--seed", "1", "--json").stdout != at_random("50", "--seed", "2", "--json").stdout


def test_without_failures_only_the_customer_can_keep_an_order_from_being_delivered() -> None:
    found = json.loads(at_random("100", "--failures", "0", "--json").stdout)
    assert "ORDER_PAID --$failed--> UNDOING" in {
        f"{edge['state']} --{edge['event']}--> {edge['target']}" for edge in found["never"]
    }


def test_a_saga_that_gets_stuck_is_shown_with_its_way_and_fails_the_command(tmp_path: Path) -> None:
    text = ORDER.read_text().replace("orderRefunded: ORDER_FAILED", "orderRefunded: {description: stays}")
    (tmp_path / "order.yaml").write_text(text)
    result = at_random("200", machine=tmp_path / "order.yaml")
    assert result.exit_code == 1
    assert "Stuck in REFUNDING" in result.stdout
    assert "- reply: {refundLatePayment: done}" in result.stdout
    found = json.loads(at_random("200", "--json", machine=tmp_path / "order.yaml").stdout)
    assert found["stuck"][0]["state"] == "REFUNDING"


def test_json_is_for_random_walks_only() -> None:
    assert CliRunner().invoke(app, ["simulate", str(ORDER), "--json"]).exit_code == 2
