"""The desk: what does happen. The only place that orchestrates store, policy and gateways."""
