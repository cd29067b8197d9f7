"""Mutants of goods: bugs that hand over too much, too early or twice, to see whether the simulation finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from refundkit import CustomerNotices, DeliveryCall
from refundkit.desk import dispatch, moves, redelivery
from refundkit.desk.dispatch import Dispatch
from refundkit.desk.recorder import Recorder
from refundkit.model.deliveries import Delivery
from refundkit.policy import goods
from tests.simulation.goods import SimulatedDeliverer
from tests.simulation.mutants import Mutant

__all__ = ["GOODS_MUTANTS"]


def new_key_on_retry(_deliverer: SimulatedDeliverer, call: DeliveryCall) -> str:
    """Give every try a key of its own."""
    return f"{call.key}-{call.delivery.attempts}"


BEGUN = moves.begun


def asked_before_stored(office: Dispatch, order_id: str, delivery_id: str, *, actor: Any = None) -> bool:
    """Ask the deliverer first, write it down afterwards."""
    lease = office.lease()
    recorder = Recorder(order=office.store.get(order_id), now=office.clock(), actor=office.system)
    begun = BEGUN(recorder, delivery_id, office.terms, lease.until)
    if begun is recorder:
        return False
    tried = moves.named(begun.order, delivery_id)
    receipt = dispatch._ask(office, begun.order, tried, lease)
    office.change(order_id, lambda newest: moves.answered(newest.on(begun.order), tried, receipt))
    return True


def taken_back_too_early(order: Any, revocation: Any = None) -> Mapping[str, int]:
    """Take back what a refund that is pending may give back."""
    return goods.units_free(order)


def handed_over_too_early(order: Any) -> Mapping[str, int]:
    """Hand over what a refund that is under way may give back."""
    return goods.units_owed(order)


def taken_back_for_good(order: Any, revocation: Any = None) -> Mapping[str, int]:
    """Never hand over again what was taken back."""
    owed = OWED(order)
    gone = {delivery.id for delivery in order.deliveries if delivery.status.value == "revoked"}
    return {name: 0 if name in gone else units for name, units in owed.items()}


OWED = goods.units_owed


def written_before_marked(notices: CustomerNotices, event: Any) -> None:
    """Write to the customer, and note it afterwards."""
    if event.refund_id is not None:
        notice = notices._notice(notices._store.get(event.order_id), event.refund_id)
        if notice is not None:
            notices._write(notice)
            notices._mark(event.order_id, event.refund_id)


_MUTANTS = (
    Mutant(
        name="goods: a new key on retry",
        patches=((SimulatedDeliverer, "key_of", new_key_on_retry),),
        seeds=20,
    ),
    Mutant(
        name="goods: asked before stored", patches=((dispatch, "bring_on", asked_before_stored),), seeds=20
    ),
    Mutant(name="goods: nobody leases", patches=((Delivery, "is_leased", lambda *_: False),), seeds=80),
    Mutant(
        name="goods: taken back while the refund is pending",
        patches=((moves, "units_owed", taken_back_too_early),),
        seeds=80,
    ),
    Mutant(
        name="goods: handed over while the refund is under way",
        patches=((moves, "units_free", handed_over_too_early),),
        seeds=20,
    ),
    Mutant(
        name="goods: taken back for good",
        patches=((moves, "units_owed", taken_back_for_good),),
        world="goods that are taken back, and owed again",
        executions=400,
    ),
    Mutant(
        name="goods: no quarantine",
        patches=((moves, "_end_of_doubt", lambda *_: moves._SINCE_EVER),),
        world="goods on their way while the money for one of them goes back",
        executions=400,
    ),
    Mutant(
        name="goods: a doubt is forgotten",
        patches=((moves, "_refused", lambda delivery, status, **more: delivery.ended(status, **more)),),
        world="goods that may have arrived, and that nobody takes back",
        executions=150,
    ),
    Mutant(
        name="goods: no cooldown",
        patches=((redelivery, "_require_cool", lambda *_: None),),
        world="goods that are asked for again, by two people at once",
        executions=250,
    ),
    Mutant(
        name="goods: the customer is told before it is noted",
        patches=((CustomerNotices, "__call__", written_before_marked),),
        seeds=300,
    ),
)
GOODS_MUTANTS: Final[Mapping[str, Mutant]] = {mutant.name: mutant for mutant in _MUTANTS}
