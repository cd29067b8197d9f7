"""examples/metrics_listener.py counts each event once, each currency for itself, in the format of Prometheus."""

import re
import runpy
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from refundkit import Event, EventKind, Money, OrderNotFoundError, RefundStatus, SQLStore
from refundkit.desk.results import Recovery
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order

EXAMPLE = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "metrics_listener.py"))
Metrics, Samples, page, gauges = (EXAMPLE[name] for name in ("Metrics", "Samples", "page", "gauges"))

LINE = re.compile(r'[a-z_]+(\{([a-z]+="(\\.|[^"\\])*",?)+\})? [0-9.e+-]+')


def counted(*faults, **options):
    """Return a shop whose events are counted from the start, and what counts them."""
    shop = Shop(*faults, **options)
    metrics = Metrics(shop.store)
    shop.options["listeners"] = [metrics]
    shop.desk = shop.new_desk()
    return shop, metrics


def number(metrics, name, **labels):
    """Return one number."""
    return metrics.samples.all().get((name, tuple(sorted(labels.items()))), 0)


def test_refunds_are_counted_by_gateway_and_status():
    """A refund counts when it is asked for, and again when its end is known."""
    shop, metrics = counted(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    for status in ("submitted", "succeeded"):
        assert number(metrics, "refundkit_refunds_total", gateway="fake", status=status) == 1
    assert number(metrics, "refundkit_refund_unclear_total", gateway="fake") == 1
    assert number(metrics, "refundkit_refund_seconds_sum", gateway="fake") == 60
    assert number(metrics, "refundkit_events_total", kind="order.registered") == 1


def test_an_event_that_comes_again_is_not_counted_again():
    """Events are delivered at least once; the id tells."""
    shop, metrics = counted()
    shop.refund("40.00")
    before = metrics.samples.all()
    for event in shop.desk.timeline("o-1"):
        metrics(event)
    assert metrics.samples.all() == before


def test_only_so_many_events_are_remembered():
    """A process that runs for a year does not grow."""
    shop, metrics = counted()
    (event,) = shop.desk.timeline("o-1")
    for version in range(2, EXAMPLE["MOST_REMEMBERED"] + 100):
        metrics(attrs.evolve(event, version=version))
    assert len(metrics._known) == EXAMPLE["MOST_REMEMBERED"]
    assert len(metrics.samples.all()) == 1


def test_currencies_are_never_added():
    """Law M4: euros and yen have numbers of their own, in their own minor units."""
    shop, metrics = counted()
    yen = a_payment(2, captured="1.00")
    yen = attrs.evolve(yen, captured=Money.of(3000, "JPY"))
    shop.desk.register(an_order(id="o-2", currency="JPY", payments=(yen,), lines=()))
    shop.refund("40.00")
    shop.desk.refund("o-2", a_request())
    about = {"gateway": "fake", "status": "succeeded"}
    assert number(metrics, "refundkit_refund_minor_units_total", currency="EUR", **about) == 4000
    assert number(metrics, "refundkit_refund_minor_units_total", currency="JPY", **about) == 3000


def test_what_could_not_be_read_is_not_counted_yet():
    """If the store fails meanwhile, the event comes again, and is counted then."""
    shop, metrics = counted()
    before = metrics.samples.all()
    told = Event(order_id="nobody", kind=EventKind.REFUND_SUCCEEDED, at=shop.clock(), refund_id="r")
    with pytest.raises(OrderNotFoundError):
        metrics(told)
    assert metrics.samples.all() == before
    assert told.id not in metrics._known


def test_flags_and_what_the_bank_sent_back_are_counted():
    """What a person should hear of has a number of its own."""
    shop, metrics = counted(Fault.OTHER_AMOUNT)
    shop.refund("40.00")
    assert number(metrics, "refundkit_flags_total", kind="mismatched") == 1
    other, counting = counted()
    other.gateway.settle(str(other.refund("40.00").refunds[0].reference), RefundStatus.FAILED)
    other.desk.refresh("o-1")
    about = {"gateway": "fake", "status": "failed_after_success"}
    assert number(counting, "refundkit_refunds_total", **about) == 1


def test_gauges_say_what_waits(tmp_path):
    """Due, unsettled, flagged, untold: read from the store when somebody asks."""
    clock = FakeClock()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'refunds.db'}")
    store = SQLStore(engine)
    store.create_tables()
    shop = Shop(Fault.LOST_REQUEST)
    desk = shop.new_desk(store)
    desk.register(an_order())
    desk.refund("o-1", a_request())
    desk.annotate("o-1", actor=KIM, note="x")
    waiting = gauges(store, engine, clock() + timedelta(hours=1)).all()
    engine.dispose()
    assert waiting == {
        ("refundkit_orders_due", ()): 1,
        ("refundkit_orders_unsettled", ()): 1,
        ("refundkit_orders_flagged", ()): 0,
        ("refundkit_outbox_waiting", ()): 5,
    }


def test_sweeps_are_timed():
    """How long, how many orders, and when: a sweep that stopped is seen."""
    metrics = Metrics(Shop().store)
    for _ in range(2):
        metrics.swept(Recovery(orders=("o-1",), unreachable=("o-1",)), seconds=0.5, at=FakeClock().now)
    numbers = {name: value for (name, _), value in metrics.samples.all().items()}
    assert numbers == {
        "refundkit_sweep_seconds_count": 2,
        "refundkit_sweep_seconds_sum": 1.0,
        "refundkit_sweep_orders_total": 2,
        "refundkit_sweep_unreachable": 1,
        "refundkit_sweep_last_timestamp_seconds": FakeClock().now.timestamp(),
    }


def test_the_page_is_in_the_format_of_prometheus(capsys):
    """Every number stands behind its HELP and its TYPE, once, and every family that has one is explained."""
    EXAMPLE["main"]()
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in told)
    assert len({line.split(" ")[0] for line in told}) == len(told)
    assert sum(line.startswith("# TYPE") for line in lines) == sum(
        line.startswith("# HELP") for line in lines
    )
    assert 'refundkit_refunds_total{gateway="card",status="succeeded"} 2' in told


def test_labels_are_escaped():
    """A gateway may have any name."""
    samples = Samples()
    samples.add("refundkit_refund_unclear_total", 1, gateway='a"b\\c\nd')
    assert page(samples).splitlines()[-1] == 'refundkit_refund_unclear_total{gateway="a\\"b\\\\c\\nd"} 1'
