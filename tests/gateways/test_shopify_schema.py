"""Shopify's own schema accepts all that we send, and knows all that the sandbox serves."""

import shutil
from collections.abc import Iterator

import graphql
import pytest

from refundkit.gateways.shopify.amounts import CURRENCIES
from refundkit.gateways.shopify.documents import DOCUMENTS
from refundkit.gateways.shopify.reading import ERROR_CODES
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.statuses import normalize_status
from refundkit.testing.sandbox.shopify_schema import SCHEMA
from tests.peers import PeerMissingError, peer_missing, shopify_schema

pytestmark = [pytest.mark.peers, pytest.mark.xdist_group("shopify_schema")]
VERSIONS = sorted(shopify_schema.SHA256)
OURS = graphql.build_schema(SCHEMA)
NAMES = sorted(name for name in OURS.type_map if not name.startswith("__"))


@pytest.fixture(name="schemas", scope="module")
def real_schemas() -> Iterator[dict[str, graphql.GraphQLSchema]]:
    """Take Shopify's schemas from npm.

    assume_valid: graphql-core 3.3 calls each of them invalid, because Node.id is deprecated in some types
    and not in the interface.
    """
    try:
        with shopify_schema.introspections() as found:
            yield {
                version: graphql.build_client_schema(one, assume_valid=True) for version, one in found.items()
            }
    except PeerMissingError as reason:
        peer_missing(reason)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_shopifys_schema_accepts_every_document(
    schemas: dict[str, graphql.GraphQLSchema], name: str, version: str
) -> None:
    """No operation that we send has a field, an argument or a directive that this version does not know."""
    assert graphql.validate(schemas[version], graphql.parse(DOCUMENTS[name])) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_sandbox_accepts_every_document(name: str) -> None:
    """The part of the schema that the sandbox serves is enough for all that we send."""
    assert graphql.validate(OURS, graphql.parse(DOCUMENTS[name])) == []


def test_a_field_that_shopify_lacks_is_found(schemas: dict[str, graphql.GraphQLSchema]) -> None:
    """The proof can fail: UserError has no code, and a directive needs its place."""
    wrong = DOCUMENTS["RefundkitRefundCreate"].replace("{ field message }", "{ field message code }")
    (error,) = graphql.validate(schemas["2026-10"], graphql.parse(wrong))
    assert "code" in error.message


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_sandbox_serves_only_what_shopify_has(
    schemas: dict[str, graphql.GraphQLSchema], name: str, version: str
) -> None:
    """Each type, field, argument and value of the sandbox is Shopify's, of the very same type."""
    theirs = schemas[version].type_map[name]
    ours = OURS.type_map[name]
    assert type(theirs) is type(ours)
    assert _differences(ours, theirs, version) == []


def test_the_directive_is_shopifys(schemas: dict[str, graphql.GraphQLSchema]) -> None:
    """@idempotent stands on fields, and its key is required."""
    ours, theirs = OURS.get_directive("idempotent"), schemas["2026-10"].get_directive("idempotent")
    assert ours.locations == theirs.locations
    assert {name: str(one.type) for name, one in ours.args.items()} == {
        name: str(one.type) for name, one in theirs.args.items()
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_currency_is_shopifys(schemas: dict[str, graphql.GraphQLSchema], version: str) -> None:
    """Our currencies are those of CurrencyCode, but for the four that ISO 4217 does not list."""
    theirs = set(schemas[version].type_map["CurrencyCode"].values)
    assert theirs >= CURRENCIES
    assert theirs - CURRENCIES <= {"JEP", "KID", "USDC", "XXX"}


def test_every_word_of_shopifys_is_known(schemas: dict[str, graphql.GraphQLSchema]) -> None:
    """Statuses of transactions and disputes, and the error codes that mean something special."""
    types = schemas["2026-10"].type_map
    statuses = types["OrderTransactionStatus"].values
    disputes = types["DisputeStatus"].values
    assert all(normalize_status(word, "shopify").is_known for word in statuses)
    assert all(normalize_dispute(word, "shopify").is_known for word in disputes)
    assert set(types["OrderTransactionErrorCode"].values) >= set(ERROR_CODES)


def test_without_npm_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing npm is a missing peer."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PeerMissingError, match=r"install Node\.js"), shopify_schema.introspections():
        pass


# DisputeStatus.PREVENTED and most error codes came with 2026-04, dates of disputes got a time.
NEWER = {
    "2026-01": {
        "DisputeStatus.PREVENTED",
        "OrderTransactionErrorCode.CANCELLED_PAYMENT",
        "OrderTransactionErrorCode.INSUFFICIENT_FUNDS",
        "OrderTransactionErrorCode.PAYMENT_METHOD_UNSUPPORTED",
        "OrderTransactionErrorCode.UNSUPPORTED_FEATURE",
        "ShopifyPaymentsDispute.evidenceDueBy",
        "ShopifyPaymentsDispute.finalizedOn",
        "ShopifyPaymentsDispute.initiatedAt",
    }
}


def _differences(ours: object, theirs: object, version: str) -> list[str]:
    if isinstance(ours, graphql.GraphQLEnumType):
        missing = {f"{ours.name}.{value}" for value in ours.values.keys() - theirs.values.keys()}
    elif isinstance(ours, (graphql.GraphQLObjectType, graphql.GraphQLInputObjectType)):
        missing = {
            f"{ours.name}.{name}"
            for name, field in ours.fields.items()
            if not _agrees(field, theirs.fields.get(name))
        }
    else:
        missing = set()
    return sorted(missing - NEWER.get(version, set()))


def _agrees(ours: object, theirs: object) -> bool:
    """Whether a field has the same type, knows our arguments, and requires none that we leave out."""
    if theirs is None or str(ours.type) != str(theirs.type):
        return False
    if not hasattr(ours, "args"):
        return True
    known = {name: str(one.type) for name, one in theirs.args.items()}
    given = {name: str(one.type) for name, one in ours.args.items()}
    required = {name for name, one in theirs.args.items() if graphql.is_required_argument(one)}
    return given.items() <= known.items() and required <= given.keys()
