"""Gateways: who moves the money. `base` says what one is; each other module is one."""
