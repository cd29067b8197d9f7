"""The rules of the store contract, one module for each chapter of ``docs/reference/store-contract.md``."""
