from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.invoice_sums import Line, by_rate, credited, divided, included_in, shared, taxes_of

RATES = st.sampled_from([0, 400, 500, 1_000, 2_200, 1_950, 10_000])


def lines(rates: st.SearchStrategy[int] = RATES) -> st.SearchStrategy[list[Line]]:
    line = st.builds(
        Line,
        id=st.just(""),
        description=st.just("x"),
        quantity=st.integers(1, 5_000),
        price=st.integers(0, 10**9),
        rate=rates,
    )
    return st.lists(line, min_size=1, max_size=8)


def test_half_a_unit_is_rounded_away_from_zero() -> None:
    assert [divided(number, 10) for number in (4, 5, 14, 15, -4, -5, -15)] == [0, 1, 1, 2, 0, -1, -2]


def test_the_tax_in_an_amount_is_what_comes_on_top_of_its_net() -> None:
    assert included_in(12_200, 2_200) == 2_200
    assert included_in(1_000, 2_200) == 180  # 1.8032...
    assert included_in(1_000, 0) == 0


@given(lines())
def test_net_and_tax_of_all_rates_add_up_to_the_lines(bought: list[Line]) -> None:
    rows = taxes_of(bought)
    assert sum(row.gross for row in rows) == sum(line.total for line in bought)
    assert [row.rate for row in rows] == sorted(by_rate(bought), reverse=True)
    for row in rows:
        # Off the exact tax by half a unit at most.
        assert abs(row.tax * (10_000 + row.rate) - row.gross * row.rate) * 2 <= 10_000 + row.rate


@given(st.dictionaries(RATES, st.integers(0, 10**9), min_size=1), st.data())
def test_shares_add_up_and_none_is_more_than_there_is(weights: dict[int, int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(weights.values())))
    parts = shared(amount, weights)
    assert sum(parts.values()) == amount
    assert all(0 <= parts[key] <= weights[key] for key in weights)


@given(st.dictionaries(RATES, st.integers(0, 10**7), min_size=1), st.data())
def test_refunds_of_everything_take_back_each_rate_to_the_unit(
    gross: dict[int, int], data: st.DataObject
) -> None:
    refunds, left = [], sum(gross.values())
    while left:
        refunds.append(data.draw(st.integers(max(1, left // 6), left)))
        left -= refunds[-1]
    notes = [credited(gross, refunds[: count + 1]) for count in range(len(refunds))]
    for note, refund in zip(notes, refunds, strict=True):
        assert sum(row.gross for row in note) == refund
        assert all(row.net >= 0 and row.tax >= 0 for row in note)
    for rate, whole in gross.items():
        rows = [row for note in notes for row in note if row.rate == rate]
        assert sum(row.gross for row in rows) == whole
        assert sum(row.tax for row in rows) == included_in(whole, rate)
