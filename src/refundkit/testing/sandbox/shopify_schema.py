"""The part of Shopify's Admin schema that the sandbox serves, in our own words and order.

A test compares each type, field, argument and value with Shopify's own schema, taken from npm at that
moment, so that the sandbox cannot agree with refundkit on something that Shopify does not have.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SCHEMA"]

SCHEMA: Final = """
directive @idempotent(key: String!) on FIELD

scalar DateTime
scalar Decimal
scalar Money

enum CurrencyCode {
  AUD BHD CAD CHF CLP DKK EUR GBP ISK JOD JPY KRW KWD MXN NOK NZD PLN SEK TND UGX USD VND
}
enum OrderTransactionKind { AUTHORIZATION CAPTURE CHANGE EMV_AUTHORIZATION REFUND SALE SUGGESTED_REFUND VOID }
enum OrderTransactionStatus { AWAITING_RESPONSE ERROR FAILURE PENDING SUCCESS UNKNOWN }
enum OrderTransactionErrorCode {
  AMAZON_PAYMENTS_MAX_AMOUNT_REFUNDED CANCELLED_PAYMENT CARD_DECLINED GENERIC_ERROR INSUFFICIENT_FUNDS
  PAYMENT_METHOD_UNAVAILABLE PAYMENT_METHOD_UNSUPPORTED PROCESSING_ERROR UNSUPPORTED_FEATURE
}
enum OrderDisplayFinancialStatus {
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}
enum DisputeStatus { ACCEPTED CHARGE_REFUNDED LOST NEEDS_RESPONSE PREVENTED UNDER_REVIEW WON }
enum DisputeType { CHARGEBACK INQUIRY }
enum ShopifyPaymentsDisputeReason { FRAUDULENT GENERAL PRODUCT_NOT_RECEIVED UNRECOGNIZED }

type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type MoneyBag { presentmentMoney: MoneyV2! shopMoney: MoneyV2! }
type PageInfo { endCursor: String hasNextPage: Boolean! }

type TaxLine { title: String! rate: Float ratePercentage: Float priceSet: MoneyBag! }
type DiscountAllocation { allocatedAmountSet: MoneyBag! }
type LineItem {
  id: ID! name: String! sku: String quantity: Int! currentQuantity: Int!
  originalUnitPriceSet: MoneyBag! originalTotalSet: MoneyBag!
  discountAllocations: [DiscountAllocation!]!
  taxLines(first: Int): [TaxLine!]!
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type ShippingLine {
  id: ID title: String! originalPriceSet: MoneyBag! discountedPriceSet: MoneyBag! taxLines: [TaxLine!]!
}
type ShippingLineConnection { nodes: [ShippingLine!]! pageInfo: PageInfo! }

type OrderTransaction {
  id: ID! kind: OrderTransactionKind! status: OrderTransactionStatus! gateway: String test: Boolean!
  errorCode: OrderTransactionErrorCode manualPaymentGateway: Boolean!
  createdAt: DateTime! processedAt: DateTime amountSet: MoneyBag! parentTransaction: OrderTransaction
}
type OrderTransactionConnection { nodes: [OrderTransaction!]! pageInfo: PageInfo! }
type Refund {
  id: ID! note: String createdAt: DateTime totalRefundedSet: MoneyBag!
  transactions(after: String, first: Int): OrderTransactionConnection!
}

type OrderDisputeSummary { id: ID! initiatedAs: DisputeType! status: DisputeStatus! }
type ShopifyPaymentsDisputeReasonDetails { reason: ShopifyPaymentsDisputeReason! networkReasonCode: String }
type ShopifyPaymentsDispute {
  id: ID! status: DisputeStatus! type: DisputeType! amount: MoneyV2!
  evidenceDueBy: DateTime finalizedOn: DateTime initiatedAt: DateTime!
  reasonDetails: ShopifyPaymentsDisputeReasonDetails! order: Order
}

type Order {
  id: ID! name: String! email: String test: Boolean! createdAt: DateTime! cancelledAt: DateTime
  currencyCode: CurrencyCode! presentmentCurrencyCode: CurrencyCode! taxesIncluded: Boolean!
  displayFinancialStatus: OrderDisplayFinancialStatus
  totalPriceSet: MoneyBag! totalRefundedSet: MoneyBag! netPaymentSet: MoneyBag!
  transactions(first: Int): [OrderTransaction!]!
  refunds(first: Int): [Refund!]!
  disputes: [OrderDisputeSummary!]!
  lineItems(after: String, first: Int): LineItemConnection!
  shippingLines(after: String, first: Int): ShippingLineConnection!
}

input OrderTransactionInput {
  amount: Money! gateway: String! kind: OrderTransactionKind! orderId: ID! parentId: ID
}
input RefundInput {
  orderId: ID! currency: CurrencyCode note: String notify: Boolean processedAt: DateTime
  allowOverRefunding: Boolean transactions: [OrderTransactionInput!]
}
type UserError { field: [String!] message: String! }
type RefundCreatePayload { order: Order refund: Refund userErrors: [UserError!]! }

type QueryRoot { order(id: ID!): Order refund(id: ID!): Refund dispute(id: ID!): ShopifyPaymentsDispute }
type Mutation { refundCreate(input: RefundInput!): RefundCreatePayload }
schema { query: QueryRoot mutation: Mutation }
"""
