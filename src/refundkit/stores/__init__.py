"""Stores: where orders and events are written. `base` says what one is; each other module is one."""
