"""The chapters of the contract of deliverers."""
