"""Many refunds at once: checked as a whole, carried out one by one, and never done twice."""

from __future__ import annotations

import csv

import pytest

from refundkit import Actor, RefundDesk, SQLStore
from refundkit.desk.batch import RowOutcome, carry_out, plan_batch, read_batch
from refundkit.errors import InvalidValueError
from refundkit.gateways.manual import ManualGateway
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.cli.terminal import eur, sold

HEAD = "order,key,amount,reason\n"
SURE = ("--yes", "--expect-total", "29.90 EUR")


@pytest.fixture
def shop(terminal):
    """Return a terminal at a shop with three orders, and a file of two refunds."""
    terminal.sell(sold(2), sold(3))
    write(terminal, "A-1,r-1,5.00,recalled", "A-2,r-2,all,recalled")
    return terminal


def write(terminal, *rows, head=HEAD):
    """Write the batch."""
    (terminal.folder / "b.csv").write_text(head + "".join(f"{row}\n" for row in rows))


def run(terminal, *words, command="batch", **more):
    """Type the command about the batch."""
    return terminal.type(command, str(terminal.folder / "b.csv"), *words, **more)


def results(terminal):
    """Return order, outcome and what was returned, row by row."""
    with (terminal.folder / "b-results.csv").open(encoding="utf-8-sig", newline="") as file:
        return [(row["order"], row["outcome"], row["returned"]) for row in csv.DictReader(file)]


def test_a_batch_is_shown_asked_about_and_carried_out(shop):
    """The plan stands above the question, and each row has a result in a file."""
    done = run(shop, answer="y\n")

    assert done.exit_code == 0, done.output
    assert "Carry out 2 refunds, 29.90 EUR?" in done.stderr
    assert results(shop) == [("A-1", "done", "5.00"), ("A-2", "done", "24.90")]
    assert shop.order("A-2").refundable == eur("0.00")


def test_a_preview_of_a_batch_does_nothing(shop):
    """Law P1: the same plan, and nothing else."""
    done = run(shop, command="preview-batch")

    assert done.exit_code == 0, done.output
    assert "29.90 EUR" in done.stdout
    assert shop.order().requests == ()
    assert not (shop.folder / "b-results.csv").exists()


def test_a_batch_again_does_nothing_twice(shop):
    """Law E3: run twice, also by somebody else, each refund is made once."""
    first, second = run(shop, *SURE), run(shop, *SURE, REFUNDKIT_STAFF="lee")

    assert (first.exit_code, second.exit_code) == (0, 0), second.output
    assert "requested before" in second.stdout
    assert results(shop) == [("A-1", "done", "5.00"), ("A-2", "done", "24.90")]
    assert shop.order("A-1").refunded == eur("5.00")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A-3,r-3,25.00,x", "only 24.90 EUR is left"),
        ("A-9,r-3,1.00,x", "no order 'A-9'"),
        ("A-3,r-3,1.005,x", "1.005"),
        ("A-3,r-3,1 USD,x", "USD"),
        ("A-3,r-3,-1,x", "amount"),
    ],
)
def test_one_row_that_cannot_be_stops_all(shop, row, said):
    """Unless all rows can be carried out nothing is sent; the others can be on request."""
    write(shop, "A-1,r-1,5.00,recalled", row)

    stopped = run(shop, "--yes", "--expect-total", "5 EUR")

    assert stopped.exit_code == 1, stopped.output
    assert said in " ".join(run(shop, command="preview-batch", COLUMNS="200").stdout.split())
    assert shop.order().requests == ()
    skipped = run(shop, "--skip-refused", "--yes", "--expect-total", "5 EUR")
    assert skipped.exit_code == 1
    assert results(shop)[0] == ("A-1", "done", "5.00")
    assert results(shop)[1][1] == "refused"


def test_rows_that_are_too_much_together_stop_all(shop):
    """Law C1: two rows of one order that each fit and do not fit together are found before anything is sent."""
    write(shop, "A-1,r-1,20.00,x", "A-1,r-2,20.00,x")

    done = run(shop, "--yes", "--expect-total", "40 EUR")

    assert done.exit_code == 1
    assert shop.order().requests == ()


def test_rows_of_one_order_are_refunds_of_their_own(shop):
    """Each row has its key, and what one takes the next one does not find."""
    write(shop, "A-1,r-1,12.00,x", "A-1,r-2,12.90,x")

    assert run(shop, "--yes", "--expect-total", "24.90 EUR").exit_code == 0
    assert [accepted.key for accepted in shop.order().requests] == ["r-1", "r-2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'order'"),
        (HEAD, "no row"),
        ("order,key,reason\nA-1,k,x\n", "no column 'amount'"),
        ("order,key,amount,reason,colour\nA-1,k,1,x,red\n", "colour"),
        ("order,key,amount,amount,reason\nA-1,k,1,1,x\n", "twice"),
        (HEAD + "A-1,k,1\n", "3 cells"),
        (HEAD + "A-1,,1,x\n", "the key is missing"),
        (HEAD + "A-1,k,,x\n", "say how much"),
        (HEAD + "A-1,k,1,\n", "the reason is missing"),
        (HEAD + "A-1,k,1,x\nA-1,k,2,x\n", "line 2 already"),
        (HEAD + 'A-1,k,1,"x\n', "line 2"),
    ],
)
def test_a_file_that_is_no_batch_is_refused_as_a_whole(shop, text, said):
    """Law C2: an empty amount is a mistake and never everything; every mistake is told with its line."""
    (shop.folder / "b.csv").write_text(text)

    done = run(shop, *SURE)

    assert done.exit_code == 2, done.output
    assert said in done.stderr.replace("\n", " ")
    assert shop.order().requests == ()


def test_all_mistakes_are_told_at_once():
    """Who corrects a file reads every mistake, not the first one only."""
    with pytest.raises(InvalidValueError) as caught:
        read_batch([HEAD, "A-1,,1,x\n", "A-2,k,,\n"])

    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("fault", "outcome", "code"),
    [("LOST_ANSWER", "pending", 3), ("PENDING", "pending", 3), ("DECLINE", "failed", 1)],
)
def test_a_row_that_fails_leaves_the_others_as_they_are(shop, fault, outcome, code):
    """Law E6: what becomes of the first row changes nothing for the second."""
    done = run(shop, *SURE, FAULTS=fault)

    assert done.exit_code == code, done.output
    assert results(shop) == [("A-1", outcome, "0.00"), ("A-2", "done", "24.90")]


def test_a_total_that_was_not_expected_stops_all(shop):
    """A script that expects another sum sends nothing, and --yes alone is not enough."""
    assert run(shop, "--yes", "--expect-total", "29.91 EUR").exit_code == 1
    assert run(shop, "--yes").exit_code == 2
    assert run(shop, answer="n\n").exit_code == 1
    assert run(shop).exit_code == 2
    assert shop.order().requests == ()


def test_a_formula_in_a_key_is_escaped_in_the_results(shop):
    """Law S4: what a spreadsheet would run is written so that it does not."""
    write(shop, "A-1,=1+1,1.00,x")

    assert run(shop, "--yes", "--expect-total", "1 EUR").exit_code == 0
    assert "'=1+1" in (shop.folder / "b-results.csv").read_text(encoding="utf-8-sig")


def test_the_results_never_overwrite_the_batch(shop):
    """A file that is read is not written."""
    assert run(shop, *SURE, "--results", str(shop.folder / "b.csv")).exit_code == 2


def test_interrupted_after_one_row_the_next_run_does_the_rest(shop):
    """Law E3: whoever stops in the middle and begins again gives back each refund once."""
    gateway, kim = FakeGateway(), Actor.staff("kim")
    rows = read_batch([HEAD, "A-1,r-1,14.90,x\n", "A-2,r-2,14.90,x\n", "A-3,r-3,14.90,x\n"])
    with SQLStore.open(shop.url) as store:
        desk = RefundDesk(store=store, gateways=[gateway, ManualGateway(name="cash")])
        first = carry_out(desk, plan_batch(desk, rows, actor=kim))
        assert next(first).outcome is RowOutcome.DONE
        gateway.faults.append(Fault.LOST_ANSWER)
        assert next(first).outcome is RowOutcome.PENDING
        first.close()

        again = [one.outcome for one in carry_out(desk, plan_batch(desk, rows, actor=Actor.staff("lee")))]

    assert again in ([RowOutcome.DONE] * 3, [RowOutcome.DONE, RowOutcome.PENDING, RowOutcome.DONE])
    assert gateway.returned("EUR") == eur("44.70")
