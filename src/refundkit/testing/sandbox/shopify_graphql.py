"""The GraphQL side of the Shopify sandbox: our schema, executed by graphql-core, answering as Shopify words it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from refundkit.errors import PluginError
from refundkit.testing.sandbox.shopify_schema import SCHEMA

try:
    import graphql
except ImportError as error:
    raise PluginError(
        "The Shopify sandbox needs graphql-core: pip install 'refundkit[testing]'.", gateway="shopify"
    ) from error

__all__ = ["Denied", "Engine", "idempotency_key"]

Record = dict[str, Any]
Resolver = Callable[..., Any]

_NO_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")
_MISPLACED = re.compile(r"Directive '@(\w+)' may not be used on")
# graphql-core 3.2 and 3.3 word it differently; both name the variable first, and a path if there is one.
_VARIABLE = re.compile(r"Variable '\$(\w+)' (.*)", re.DOTALL)
_PATH = re.compile(r" at (?:'\w+)?\.([\w.\[\]]+)")


class Denied(graphql.GraphQLError):
    """A top-level error with a code."""

    def __init__(self, text: str, code: str, **extensions: Any) -> None:
        super().__init__(text, extensions={"code": code, **extensions})


def idempotency_key(info: Any) -> str | None:
    """Return the key of @idempotent on the field being resolved; None without it.

    *info* is a GraphQLResolveInfo, which is generic in some versions of graphql-core and not in others.
    """
    directive = info.schema.get_directive("idempotent")
    values = graphql.get_directive_values(directive, info.field_nodes[0], info.variable_values)
    return None if values is None else str(values["key"])


class Engine:
    """Executes documents against the schema, with *resolvers* named like ``Query.order``."""

    def __init__(self, resolvers: Mapping[str, Resolver]) -> None:
        self.schema: Final = graphql.build_schema(SCHEMA)
        for path, resolver in resolvers.items():
            kind, _, field = path.partition(".")
            owner: Any = self.schema.type_map[kind]
            owner.fields[field].resolve = resolver

    def execute(self, document: object, variables: object) -> Record:
        """Return the body of the answer, without its costs."""
        if not isinstance(document, str):
            return {"errors": [{"message": "No query string was present"}]}
        result = graphql.graphql_sync(
            self.schema,
            document,
            variable_values=variables if isinstance(variables, dict) else {},
            field_resolver=_resolve,
        )
        body: Record = {}
        if result.errors:
            body["errors"] = [_reworded(error) for error in result.errors]
        # A request that never began to execute has no data at all.
        if result.data is not None or any(error.path for error in result.errors or ()):
            body["data"] = result.data
        return body


def _resolve(source: Any, info: Any, **arguments: Any) -> Any:
    """Read a field of a record; lists obey ``first``, connections ``first`` and ``after``."""
    value = source.get(info.field_name)
    if not isinstance(value, list):
        return value
    kind = graphql.get_named_type(info.return_type).name
    if not kind.endswith("Connection"):
        return value[: arguments.get("first") or len(value)]
    start = int(arguments.get("after") or 0)
    end = start + int(arguments.get("first") or len(value))
    page = {"hasNextPage": end < len(value), "endCursor": str(min(end, len(value)))}
    return {"nodes": value[start:end], "pageInfo": page}


def _reworded(error: graphql.GraphQLError) -> Record:
    """Say what graphql-core found wrong in the words that Shopify uses."""
    record: Record = {"message": error.message}
    if error.path:
        record["path"] = list(error.path)
    if error.extensions:
        record["extensions"] = dict(error.extensions)
    if found := _NO_FIELD.search(error.message):
        field, kind = found.groups()
        record["message"] = f"Field '{field}' doesn't exist on type '{kind}'"
        record["extensions"] = {"code": "undefinedField", "typeName": kind, "fieldName": field}
    elif found := _MISPLACED.search(error.message):
        record["message"] = f"'@{found[1]}' can't be applied to queries or mutations"
        record["extensions"] = {"code": "directiveCannotBeApplied", "targetName": found[1]}
    elif found := _VARIABLE.search(error.message):
        name, text = found.groups()
        path = _PATH.search(text)
        problem = {"path": path[1].split(".") if path else [], "explanation": text}
        record["message"] = f"Variable ${name} was provided invalid value: {text}"
        record["extensions"] = {"code": "INVALID_VARIABLE", "problems": [problem]}
    return record
