"""What is mutated, what has to find it, and how much of it."""

from attrs import frozen

from tests.mutation.mutants import path_of

# Whatever needs a server, a second process or the network is too slow to be asked thousands of times.
MARKS = "not slow and not peers and not postgresql and not localstripe"
TESTS = (
    "tests/money",
    "tests/model",
    "tests/policy",
    "tests/test_statuses.py",
    "tests/test_serialization.py",
    "tests/desk",
    "tests/deliveries",
    "tests/gateways/test_guards.py",
    "tests/gateways/test_paypal_webhook_names.py",
    "tests/gateways/test_paypal_webhooks.py",
    "tests/gateways/test_shopify_webhooks.py",
    "tests/gateways/test_stripe_webhooks.py",
    "tests/gateways/test_webhook_limits.py",
)
# Threads, processes, servers, long random walks and plans by the thousand find much, and late.
LEFT_OUT = (
    "tests/deliveries/test_built_in.py",
    "tests/deliveries/test_command_example.py",
    "tests/deliveries/test_deliverer_contract.py",
    "tests/deliveries/test_in_the_end.py",
    "tests/deliveries/test_loading.py",
    "tests/desk/test_against_a_model.py",
    "tests/desk/test_many_at_once.py",
    "tests/desk/test_many_processes.py",
    "tests/policy/test_laws.py",
)


@frozen(kw_only=True)
class Part:
    """Some modules, and the share of their mutants that tests must find; 1 means every survivor is explained."""

    modules: tuple[str, ...]
    share: float
    # What most likely finds a mutant of these is asked first.
    tests: tuple[str, ...]


def _all(package: str, *, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return every module of *package*; a new one is mutated without being named here."""
    modules = sorted(path.stem for path in path_of(f"refundkit.{package}").parent.glob("[a-z]*.py"))
    return tuple(f"refundkit.{package}.{name}" for name in modules if name not in but)


def _named(package: str, *names: str) -> tuple[str, ...]:
    return tuple(f"refundkit.{package}.{name}" for name in names)


# What says which state follows which, what a state is called elsewhere, and what the states of all parts add up to.
STATES = (
    *("refunds", "deliveries", "disputes", "statuses", "dispute_statuses"),
    *("standing", "orders", "ledger"),
)

PARTS = {
    "money": Part(modules=("refundkit.money",), share=1, tests=("tests/money",)),
    "policy": Part(
        modules=_all("policy"),
        share=1,
        tests=("tests/policy", "tests/deliveries/test_units_owed.py"),
    ),
    "transitions": Part(
        modules=_named("model", *STATES),
        share=1,
        tests=("tests/model", "tests/test_statuses.py", "tests/test_serialization.py"),
    ),
    "signatures": Part(
        modules=_named("gateways", "stripe.webhooks", "paypal.webhooks", "shopify.webhooks", "guards"),
        share=1,
        tests=(
            "tests/gateways/test_guards.py",
            "tests/gateways/test_paypal_webhook_names.py",
            "tests/gateways/test_paypal_webhooks.py",
            "tests/gateways/test_shopify_webhooks.py",
            "tests/gateways/test_stripe_webhooks.py",
            "tests/gateways/test_webhook_limits.py",
        ),
    ),
    "desk": Part(
        modules=_all("desk"),
        share=0.9,
        tests=("tests/desk", "tests/deliveries"),
    ),
    "model": Part(
        modules=_all("model", but=STATES),
        share=0.9,
        tests=("tests/model", "tests/test_statuses.py", "tests/test_serialization.py"),
    ),
}
