"""Seeds that failed once: each showed a bug of the product, or of this simulation, and is tried first ever since."""

from __future__ import annotations

__all__ = ["CORPUS"]

# (seed, what it showed). A seed means another world after every change of the scenarios; keep it all the same.
CORPUS = (
    (14, "events that a restored backup had delivered are not told again"),
    (71, "a person cannot confirm another amount than was asked for"),
    (248, "a list that lags behind shows a refund from the dashboard only later"),
    (418, "a sweep with an old look took a fresh refund for remembered, at a gateway without keys"),
    (1000, "what is pending at a gateway that shows no refunds stays so for ever"),
    (2097, "a refund of another amount that failed later gave nothing back"),
    (
        14955,
        "a sweep stood still between its look and its lease, and sent under a key that was forgotten by then",
    ),
    (30590, "a person cannot confirm another amount at a gateway that shows no refunds either"),
    (3255, "after a restore a gateway that refuses nothing gives back too much"),
)
