"""The model: what is true. Frozen values without I/O, without a clock, without randomness."""
