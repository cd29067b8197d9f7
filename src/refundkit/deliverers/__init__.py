"""Deliverers: who hands over the goods. `base` says what one is; each other module is one."""
