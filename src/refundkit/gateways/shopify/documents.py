"""What is asked of Shopify, in GraphQL: one text per operation, each selecting only what is read.

Every document validates against Shopify's own schema from 2026-01 to 2026-10; a test sees to it.
Plain lists (``transactions``, ``refunds``) cannot be paged, so their limits are part of the reading: a list
that is as long as its limit may be cut off, and proves nothing. A query may cost 1,000 points at most; the
limits stay below that even if every object that could come is counted.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "DISPUTE",
    "DOCUMENTS",
    "IMPORT",
    "LINES",
    "MOST_REFUNDS",
    "MOST_TRANSACTIONS",
    "ORDER",
    "REFUND_CREATE",
]

MOST_TRANSACTIONS: Final = 100
MOST_REFUNDS: Final = 50

_MONEY = "presentmentMoney { amount currencyCode }"

_TRANSACTION = f"""
fragment RefundkitTransaction on OrderTransaction {{
  id kind status gateway errorCode createdAt processedAt
  amountSet {{ {_MONEY} }}
  parentTransaction {{ id }}
}}
"""

REFUND_CREATE: Final = (
    """
mutation RefundkitRefundCreate($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id note transactions(first: 10) { nodes { ...RefundkitTransaction } } }
    userErrors { field message }
  }
}
"""
    + _TRANSACTION
)

# Two transactions per refund are enough: ours have one, and whose the others are does not matter.
ORDER: Final = (
    f"""
query RefundkitOrder($id: ID!) {{
  order(id: $id) {{
    id
    transactions(first: {MOST_TRANSACTIONS}) {{ ...RefundkitTransaction }}
    refunds(first: {MOST_REFUNDS}) {{ id note transactions(first: 2) {{ nodes {{ id }} }} }}
    disputes {{ id initiatedAs status }}
  }}
}}
"""
    + _TRANSACTION
)

DISPUTE: Final = """
query RefundkitDispute($id: ID!) {
  dispute(id: $id) {
    id status type evidenceDueBy initiatedAt
    amount { amount currencyCode }
    reasonDetails { reason }
  }
}
"""

IMPORT: Final = (
    f"""
query RefundkitImport($id: ID!) {{
  order(id: $id) {{
    id name email test createdAt currencyCode presentmentCurrencyCode taxesIncluded
    totalPriceSet {{ {_MONEY} }}
    transactions(first: {MOST_TRANSACTIONS}) {{ ...RefundkitTransaction }}
    shippingLines(first: 20) {{
      nodes {{
        id title
        discountedPriceSet {{ {_MONEY} }}
        taxLines {{ ratePercentage priceSet {{ {_MONEY} }} }}
      }}
      pageInfo {{ hasNextPage }}
    }}
  }}
}}
"""
    + _TRANSACTION
)

LINES: Final = f"""
query RefundkitLines($id: ID!, $after: String) {{
  order(id: $id) {{
    id
    lineItems(first: 50, after: $after) {{
      nodes {{
        id name sku quantity
        originalUnitPriceSet {{ {_MONEY} }}
        originalTotalSet {{ {_MONEY} }}
        discountAllocations {{ allocatedAmountSet {{ {_MONEY} }} }}
        taxLines {{ ratePercentage priceSet {{ {_MONEY} }} }}
      }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""

DOCUMENTS: Final = {
    "RefundkitRefundCreate": REFUND_CREATE,
    "RefundkitOrder": ORDER,
    "RefundkitDispute": DISPUTE,
    "RefundkitImport": IMPORT,
    "RefundkitLines": LINES,
}
