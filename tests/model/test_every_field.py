"""Every field of every value: it is checked, it is normalized, and what is private is not shown (laws S2, S3)."""

import inspect
import pkgutil
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import get_args, get_type_hints

import attrs
import pytest

import refundkit.model
from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.fields import FrozenMap

# Derived, never made by anybody else: nothing that comes from outside gets into them unchecked.
DERIVED = {"LineSums", "PaymentSums", "TaxSum"}


def values_of(module):
    """Return the classes of values that a module of the model defines."""
    classes = vars(import_module(f"refundkit.model.{module.name}")).values()
    return [kind for kind in classes if inspect.isclass(kind) and attrs.has(kind) and is_of(kind, module)]


def is_of(kind, module):
    """Whether this is where the class is defined, for everybody to use."""
    at_home = kind.__module__.endswith(f".{module.name}")
    return at_home and kind.__name__ not in DERIVED and not kind.__name__.startswith("_")


FIELDS = {
    f"{kind.__name__}.{one.name}": (kind, one)
    for module in pkgutil.iter_modules(refundkit.model.__path__)
    for kind in values_of(module)
    for one in attrs.fields(kind)
}
# Checked as a whole, because names and amounts depend on each other.
TOGETHER = {"RefundRequest.payments"}
PRIVATE = {"Delivery.target", "Delivery.details", "Payment.details", "Refund.prepared"}


def holds(name, kind):
    """Whether a field may hold something of *kind*."""
    owner, one = FIELDS[name]
    hint = get_type_hints(owner)[one.name]
    return any(getattr(option, "__origin__", option) is kind for option in (hint, *get_args(hint)))


def test_there_are_fields():
    """Nothing is proven about none."""
    assert len(FIELDS) > 100


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_checked(name):
    """Law S3: whatever comes in is looked at: no field takes just anything."""
    owner, one = FIELDS[name]
    if name in TOGETHER:
        return
    assert one.validator is not None
    with pytest.raises(InvalidValueError):
        one.validator(owner, one, object())


@pytest.mark.parametrize("name", [name for name in FIELDS if holds(name, datetime)])
def test_every_moment_is_kept_in_utc(name):
    """Two moments that are the same compare as the same, wherever they come from."""
    assert FIELDS[name][1].converter is fields.to_utc


@pytest.mark.parametrize("name", [name for name in FIELDS if holds(name, Mapping)])
def test_every_mapping_is_frozen(name):
    """A value that holds a mapping never changes with it."""
    given = {"a": {"b": [1]}}

    taken = FIELDS[name][1].converter(given)

    assert isinstance(taken, FrozenMap)
    given["a"]["b"].append(2)
    assert taken["a"] != given["a"]


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_private_is_not_shown(name):
    """Law S2: what was sent to a gateway or to a customer, and what a shop keeps beside it, is in no repr."""
    assert FIELDS[name][1].repr is (name not in PRIVATE)
