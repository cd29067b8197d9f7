"""The policy: what may happen. Pure functions over the model."""
