"""The JSON shape of each type: how it is written, and how it is read, strictly (law S3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import GenericAlias, UnionType
from typing import Any, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from refundkit.model.fields import FrozenMap
from refundkit.money import Money
from refundkit.serialization.misfits import misfit, unknown

__all__ = ["add_readers", "add_writers"]

Hook = Callable[[Any, Any], Any]


def add_writers(converter: cattrs.Converter) -> None:
    """Teach *converter* to write every type that a field can have."""
    converter.register_unstructure_hook(Money, _money_out)
    converter.register_unstructure_hook(StrEnum, lambda member: member.value)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook(datetime, _moment_out)
    converter.register_unstructure_hook(timedelta, _duration_out)
    converter.register_unstructure_hook(FrozenMap, _thawed)
    converter.register_unstructure_hook_func(_is_mapping, _thawed)


def _money_out(money: Money) -> dict[str, str]:
    return {"amount": f"{money.decimal:f}", "currency": money.currency}


def _moment_out(moment: datetime) -> str:
    return moment.isoformat().removesuffix("+00:00") + "Z"


def _duration_out(duration: timedelta) -> int | str:
    microseconds = duration // timedelta(microseconds=1)
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{Decimal(microseconds).scaleb(-6):f}" if rest else seconds


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(inner) for key, inner in value.items()}
    if type(value) is tuple:
        return [_thawed(inner) for inner in value]
    return _money_out(value) if type(value) is Money else value


_WANTED = {str: "a text", int: "a whole number", bool: "true or false"}
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?(E[+-]?[0-9]{1,2})?", re.ASCII)
_DURATION = re.compile(r"-?[0-9]{1,14}\.[0-9]{6}", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def add_readers(converter: cattrs.Converter) -> None:
    """Teach *converter* to read them, each from its own JSON type only."""
    converter.register_structure_hook_factory(attrs.has, _object_reader)
    converter.register_structure_hook_factory(_is_list, _list_reader)
    converter.register_structure_hook_factory(_is_mapping, _mapping_reader)
    for plain in (str, int, bool):
        converter.register_structure_hook(plain, _plain_in)
    converter.register_structure_hook(Money, _money_reader(converter))
    converter.register_structure_hook(StrEnum, _member_in)
    converter.register_structure_hook_func(_is_either, _either_in)
    converter.register_structure_hook(Decimal, _decimal_in)
    converter.register_structure_hook(datetime, _moment_in)
    converter.register_structure_hook(timedelta, _duration_in)


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (tuple, frozenset)


def _object_reader(kind: Any, converter: cattrs.Converter) -> Hook:
    read: Hook = make_dict_structure_fn(kind, converter)
    names = {attribute.name: None for attribute in attrs.fields(kind)}

    def read_object(data: Any, kind: Any) -> Any:
        if type(data) is not dict:
            return misfit("an object", data)
        # Not left to cattrs, which sorts the unknown keys, and raises TypeError if they are no texts.
        return read(data, kind) if data.keys() <= names.keys() else unknown(data, names)

    return read_object


def _list_reader(kind: Any, converter: cattrs.Converter) -> Hook:
    make: Any = get_origin(kind)
    items = GenericAlias(list, get_args(kind)[:1])
    read = converter.get_structure_hook(items)

    def read_list(data: Any, _: Any) -> Any:
        return make(read(data, items)) if type(data) is list else misfit("a list", data)

    return read_list


def _mapping_reader(kind: Any, converter: cattrs.Converter) -> Hook:
    """Read the values too if their type is told; whatever is in a Mapping[str, Any], its field validates."""
    items = GenericAlias(dict, get_args(kind))
    read = None if get_args(kind)[1] is Any else converter.get_structure_hook(items)

    def read_mapping(data: Any, _: Any) -> Any:
        if type(data) is not dict:
            return misfit("an object", data)
        return data if read is None else read(data, items)

    return read_mapping


def _plain_in(data: Any, kind: type) -> Any:
    return data if type(data) is kind else misfit(_WANTED[kind], data)


@attrs.frozen
class _MoneyShape:
    amount: str
    currency: str


def _money_reader(converter: cattrs.Converter) -> Hook:
    read = converter.get_structure_hook(_MoneyShape)

    def read_money(data: Any, _: Any) -> Money:
        shape = read(data, _MoneyShape)
        return Money.of(shape.amount, shape.currency)

    return read_money


def _member_in(data: Any, kind: type[StrEnum]) -> StrEnum:
    with suppress(ValueError):
        if type(data) is str:
            return kind(data)
    return misfit(f"one of {', '.join(kind)}", data)


def _is_either(kind: Any) -> bool:
    """Whether it is a member of one enum or of another, as the status of a refund or of a dispute."""
    return isinstance(kind, UnionType) and all(
        isinstance(one, type) and issubclass(one, StrEnum) for one in get_args(kind)
    )


def _either_in(data: Any, kind: Any) -> StrEnum:
    members = {member.value: member for one in reversed(get_args(kind)) for member in one}
    found: StrEnum | None = members.get(data) if type(data) is str else None
    return found if found is not None else misfit(f"one of {', '.join(members)}", data)


def _decimal_in(data: Any, _: Any) -> Decimal:
    return Decimal(data) if _matches(_DECIMAL, data) else misfit('a number as text, such as "19.5"', data)


def _moment_in(data: Any, _: Any) -> datetime:
    wanted = 'a time with its zone, such as "2026-03-01T12:00:00Z"'
    if not _matches(_MOMENT, data):
        return misfit(wanted, data)
    try:
        return datetime.fromisoformat(data).astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February; the first hours of year 1, further east
        return misfit(wanted, data)


def _duration_in(data: Any, _: Any) -> timedelta:
    try:
        if _matches(_DURATION, data):
            return timedelta(microseconds=int(data.replace(".", "")))
        if type(data) is int:
            return timedelta(seconds=data)
    except OverflowError:  # more than 999,999,999 days
        pass
    return misfit('a number of seconds, such as 72000 or "0.500000"', data)


def _matches(pattern: re.Pattern[str], data: Any) -> bool:
    return type(data) is str and pattern.fullmatch(data) is not None
