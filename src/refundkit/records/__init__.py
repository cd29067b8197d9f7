"""Records: what people read. Credit notes, exports, figures and evidence, made of what an order says.

Everything here is pure: orders and events go in, values and text come out. ``drafting`` takes the snapshot that
a credit note is, ``rendering`` shows it; ``export`` writes orders as CSV, ``figures`` counts refunds, and
``evidence`` is what a shop hands in when a customer disputes a payment. ``notices`` says what a customer is told
of a refund, ``timeline`` what happened to an order in plain words, ``order_list`` what a list of orders shows.
``parts`` and ``wording`` are what several of them say of a refund.
"""
