"""Who takes part: how actors are made, and how they are written."""

import pytest

from refundkit.model.parties import Actor, ActorKind


@pytest.mark.parametrize(
    ("actor", "kind", "written"),
    [
        (Actor.staff("kim"), ActorKind.STAFF, "staff kim"),
        (Actor.customer("jo"), ActorKind.CUSTOMER, "customer jo"),
        (Actor.customer(), ActorKind.CUSTOMER, "customer"),
        (Actor.system("nightly job"), ActorKind.SYSTEM, "system nightly job"),
        (Actor.system(), ActorKind.SYSTEM, "system"),
        (Actor.gateway("stripe"), ActorKind.GATEWAY, "gateway stripe"),
    ],
)
def test_actors(actor, kind, written):
    """Each kind has a short way to make it, and is written as kind and name."""
    assert (actor.kind, str(actor)) == (kind, written)
    assert f"{actor.kind} {actor.name}".rstrip() == written
