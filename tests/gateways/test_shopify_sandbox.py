"""The Shopify sandbox is as strict as Shopify, and says so in Shopify's words."""

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import httpx
import pytest

from refundkit.errors import PluginError
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox.shopify import BUCKET, COSTS, ShopifySandbox

CREATE = """
mutation($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id totalRefundedSet { presentmentMoney { amount } } }
    order { displayFinancialStatus totalRefundedSet { presentmentMoney { amount } }
      netPaymentSet { presentmentMoney { amount } } }
    userErrors { field message }
  }
}
"""


class Shop:
    """A client that speaks to the sandbox without any of our gateway's help."""

    def __init__(self, sandbox: ShopifySandbox) -> None:
        self.sandbox = sandbox
        self.client = httpx.Client(base_url=sandbox.url)
        self.order = sandbox.place_order("100.00")
        (self.parent,) = sandbox.payments_of(self.order)

    def post(self, query: str, version: str = "2026-10", **variables: Any) -> httpx.Response:
        """Post one document."""
        return self.client.post(
            f"/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": self.sandbox.token},
        )

    def ask(self, query: str, **variables: Any) -> Any:
        """Post one document and return the body."""
        return self.post(query, **variables).json()

    def transaction(self, **more: Any) -> dict[str, Any]:
        """Make a transaction of an input."""
        known = {"orderId": self.order, "parentId": self.parent, "gateway": "x", "kind": "REFUND"}
        return {"amount": "10.00", **known, **more}

    def refund(self, key: str = "k-1", more: dict[str, Any] | None = None, **change: Any) -> Any:
        """Refund, and return the payload or the errors."""
        data = {"orderId": self.order, "transactions": [self.transaction(**change)], **(more or {})}
        body = self.ask(CREATE, input=data, key=key)
        return body["errors"] if "errors" in body else body["data"]["refundCreate"]

    def refused(self, **change: Any) -> tuple[str, Any]:
        """Refund, and return text and field of the one user error."""
        payload = self.refund(**change)
        (error,) = payload["userErrors"]
        assert payload["refund"] is None
        return error["message"], error["field"]


@pytest.fixture(name="shop")
def opened() -> Iterator[Shop]:
    """Open a shop."""
    with ShopifySandbox(clock=FakeClock()) as sandbox:
        shop = Shop(sandbox)
        with shop.client:
            yield shop


def test_a_refund_changes_the_order(shop: Shop) -> None:
    """What was given back is total, net and status."""
    order = shop.refund()["order"]
    assert order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert order["totalRefundedSet"]["presentmentMoney"]["amount"] == "10.0"
    assert order["netPaymentSet"]["presentmentMoney"]["amount"] == "90.0"
    assert shop.refund("k-2", amount="90")["order"]["displayFinancialStatus"] == "REFUNDED"


def test_a_wrong_gateway_takes_the_parents(shop: Shop) -> None:
    """The gateway of the input is not trusted."""
    shop.refund(gateway="nonsense")
    assert [one["gateway"] for one in shop.sandbox.refunds_of(shop.order)] == ["shopify_payments"]


@pytest.mark.parametrize(
    ("change", "text", "field"),
    [
        (
            {"amount": "100.01"},
            "Refund amount $100.01 is greater than net payment received $100.00",
            None,
        ),
        (
            {"amount": "999", "more": {"allowOverRefunding": True}},
            "Refund amount $999.00 is greater than net payment received $100.00",
            None,
        ),
        (
            {"parentId": None},
            "Transactions not on 'store-credit', 'exchange-credit', or 'cash' gateways require a parent_id",
            ["transactions"],
        ),
        (
            {"parentId": "gid://shopify/OrderTransaction/1"},
            "Transactions require a parent_id associated with the order",
            None,
        ),
        ({"kind": "AUTHORIZATION"}, "Kind authorization is not a valid transaction", None),
        ({"more": {"orderId": "gid://shopify/Order/1"}}, "Order does not exist", ["orderId"]),
        ({"more": {"currency": "EUR"}}, "Currency Currency must match parent transaction USD", None),
    ],
)
def test_what_is_refused_is_refused_in_shopifys_words(
    shop: Shop, change: dict[str, Any], text: str, field: Any
) -> None:
    """Nothing is changed by it."""
    assert shop.refused(**change) == (text, field)
    assert shop.sandbox.refunds_of(shop.order) == ()


def test_two_parts_of_one_refund_share_the_cap(shop: Shop) -> None:
    """Two transactions for one parent are added up."""
    both = {"transactions": [shop.transaction(amount="60"), shop.transaction(amount="60")]}
    (error,) = shop.refund(more=both)["userErrors"]
    assert "greater than net payment" in error["message"]


def test_an_order_without_payments_has_no_parent(shop: Shop) -> None:
    """There is nothing to give back."""
    shop.order = shop.sandbox.place_order()
    assert shop.refused() == ("Unable to find parent transaction", None)


def test_cash_needs_no_parent(shop: Shop) -> None:
    """It is an entry in the ledger."""
    assert shop.refund(parentId=None, gateway="cash")["refund"]


def test_without_transactions_a_refund_moves_no_money(shop: Shop) -> None:
    """A Refund may exist without any."""
    payload = shop.refund(more={"transactions": []})
    assert payload["refund"]["totalRefundedSet"]["presentmentMoney"]["amount"] == "0.0"
    assert shop.sandbox.refunds_of(shop.order) == ()


@pytest.mark.parametrize(("status", "total"), [("PENDING", "0.0"), ("FAILURE", "0.0"), ("SUCCESS", "10.0")])
def test_only_success_counts_in_the_totals(shop: Shop, status: str, total: str) -> None:
    """A pending refund reads 0."""
    shop.sandbox.statuses.append(status)
    assert shop.refund()["order"]["totalRefundedSet"]["presentmentMoney"]["amount"] == total


def test_a_key_gives_its_first_result_for_a_day(shop: Shop) -> None:
    """Then it is a new refund."""
    clock = shop.sandbox.clock
    first = shop.refund()["refund"]["id"]
    clock.advance(hours=23, minutes=59)
    assert shop.refund()["refund"]["id"] == first
    clock.advance(minutes=1)
    assert shop.refund()["refund"]["id"] != first


def test_a_replay_tells_how_it_stands_now(shop: Shop) -> None:
    """The result is rebuilt from what is written down."""
    shop.sandbox.statuses.append("PENDING")
    shop.refund()
    shop.sandbox.settle(shop.sandbox.refunds_of(shop.order)[0]["id"], "SUCCESS")
    assert shop.refund()["refund"]["totalRefundedSet"]["presentmentMoney"]["amount"] == "10.0"


def test_a_key_with_other_parameters_is_refused(shop: Shop) -> None:
    """One key, one input."""
    shop.refund()
    text, _ = shop.refused(amount="11.00")
    assert text == "The same idempotency key cannot be used with different operation parameters."


def test_a_key_that_failed_stays_failed(shop: Shop) -> None:
    """Another request needs another key."""
    shop.refused(amount="999")
    text, _ = shop.refused(amount="999")
    assert text == "A previous request with this idempotency key failed. Retry with a new idempotency key."


def test_a_forgotten_key_makes_a_second_refund(shop: Shop) -> None:
    """This is why recovery does not replay."""
    shop.refund()
    shop.sandbox.forget_keys()
    shop.refund()
    assert len(shop.sandbox.refunds_of(shop.order)) == 2


def test_the_directive_is_required_from_2026_04_on(shop: Shop) -> None:
    """The schema does not show it."""
    bare = CREATE.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    data = {"orderId": shop.order, "transactions": [shop.transaction()]}
    body = shop.ask(bare, input=data)
    (error,) = body["errors"]
    assert body["data"] == {"refundCreate": None}
    assert error["path"] == ["refundCreate"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert "@idempotent directive is required" in error["message"]
    assert shop.ask(bare, version="2026-01", input=data)["data"]["refundCreate"]["refund"]


def test_a_blank_key_is_refused(shop: Shop) -> None:
    """It would be everybody's."""
    (error,) = shop.refund(" ")
    assert error["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("document", "code", "text"),
    [
        (
            CREATE.replace("field message", "field message code"),
            "undefinedField",
            "Field 'code' doesn't exist on type 'UserError'",
        ),
        (
            'query @idempotent(key: "k") { order(id: "1") { id } }',
            "directiveCannotBeApplied",
            "'@idempotent' can't be applied to queries or mutations",
        ),
    ],
)
def test_a_wrong_document_is_refused_in_shopifys_words(
    shop: Shop, document: str, code: str, text: str
) -> None:
    """Before anything is executed: there is no data at all."""
    body = shop.ask(document, input={}, key="k")
    found = [one for one in body["errors"] if one.get("extensions", {}).get("code") == code]
    assert [one["message"] for one in found] == [text]
    assert "data" not in body


def test_an_unknown_parameter_is_refused(shop: Shop) -> None:
    """Also one inside a list."""
    (error,) = shop.refund(more={"reason": "x"})
    assert error["extensions"]["code"] == "INVALID_VARIABLE"
    assert error["extensions"]["problems"]
    (error,) = shop.refund(tip="1.00")
    assert error["extensions"]["problems"][0]["path"] == ["transactions[0]"]


def test_no_document_and_no_json_are_refused(shop: Shop) -> None:
    """Whatever was meant."""
    assert shop.client.get("/admin/api/2026-10/graphql.json").status_code == 404
    assert shop.client.post("/graphql.json").json() == {"errors": "Not Found"}
    headers = {"X-Shopify-Access-Token": shop.sandbox.token}
    for body in (b"", b"{}"):
        answer = shop.client.post("/admin/api/2026-10/graphql.json", content=body, headers=headers)
        assert answer.json()["errors"]


def test_a_wrong_token_is_a_sentence(shop: Shop) -> None:
    """HTTP 401, and errors that are no list."""
    shop.sandbox.token, known = "shpat_another_one", shop.sandbox.token
    answer = shop.client.post(
        "/admin/api/2026-10/graphql.json", json={"query": "{}"}, headers={"X-Shopify-Access-Token": known}
    )
    assert answer.status_code == 401
    assert answer.json()["errors"].startswith("[API] Invalid API key")


def test_an_unsupported_version_falls_forward(shop: Shop) -> None:
    """Silently, but for the header."""
    assert shop.post("{ __typename }", "2024-01").headers["x-shopify-api-version"] == "2026-01"
    assert shop.post("{ __typename }", "2026-07").headers["x-shopify-api-version"] == "2026-07"


def test_points_are_spent_and_come_back(shop: Shop) -> None:
    """Throttled with HTTP 200 when they are gone."""
    cost = shop.ask("{ __typename }")["extensions"]["cost"]
    assert cost["requestedQueryCost"] == COSTS["query"]
    assert cost["throttleStatus"]["currentlyAvailable"] == BUCKET - COSTS["query"]
    shop.sandbox.available = 0
    body = shop.ask("{ __typename }")
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert body["extensions"]["cost"]["actualQueryCost"] is None
    shop.sandbox.clock.advance(seconds=60)
    assert shop.ask("{ __typename }")["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 1975


def test_a_refund_is_read_by_its_id(shop: Shop) -> None:
    """As the payload told it."""
    made = shop.refund()["refund"]["id"]
    query = "query($id: ID!) { refund(id: $id) { id transactions(first: 1) { pageInfo { hasNextPage } } } }"
    assert shop.ask(query, id=made)["data"]["refund"] == {
        "id": made,
        "transactions": {"pageInfo": {"hasNextPage": False}},
    }


def test_a_dispute_has_two_names(shop: Shop) -> None:
    """Under the order's name for it, it is not found."""
    dispute = shop.sandbox.open_dispute(shop.order, "5.00")
    query = "query($id: ID!) { order(id: $id) { disputes { id status } } }"
    (summary,) = shop.ask(query, id=shop.order)["data"]["order"]["disputes"]
    assert summary["id"] == dispute.replace("ShopifyPaymentsDispute", "OrderDisputeSummary")
    (error,) = shop.ask("query($id: ID!) { dispute(id: $id) { id } }", id=summary["id"])["errors"]
    assert error["extensions"]["code"] == "RESOURCE_NOT_FOUND"


def test_an_unknown_topic_is_a_mistake_of_the_test(shop: Shop) -> None:
    """The sandbox does not make up webhooks."""
    with pytest.raises(ValueError, match="no webhooks of topic"):
        shop.sandbox.webhook("refunds/update", shop.order)


def test_without_graphql_core_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is a clear PluginError."""
    name = "refundkit.testing.sandbox.shopify_graphql"
    monkeypatch.setitem(sys.modules, "graphql", None)
    monkeypatch.delitem(sys.modules, name)
    with pytest.raises(PluginError, match=r"pip install 'refundkit\[testing\]'"):
        import_module(name)
