"""The configuration: secrets come from the environment only, and what is wrong is told with the way out."""

from __future__ import annotations

from uuid import uuid4

import pytest

from refundkit import Money, RefundDesk, RefundRequest, SQLStore
from refundkit.testing.fake_gateway import FakeGateway
from tests.cli.terminal import sold

SECRET = "sk_live_TheKeyThatNobodyMaySee"


@pytest.mark.parametrize(
    "options",
    [
        f'[gateways.stripe]\napi_key = "{SECRET}"',
        f'[gateways.stripe]\nwebhook_secrets = ["{SECRET}"]',
        f'[gateways.paypal]\nclient_secret = "{SECRET}"',
        f'[gateways.shopify]\ntoken = "{SECRET}"',
        f'[gateways.acme]\nnested = {{ password = "{SECRET}" }}',
        f'[gateways.acme]\nharmless = "{SECRET}"',
        f'[deliverers.webhook_call]\nsecrets = "{SECRET}"',
        f'[gateways.acme]\napi_key = "{SECRET}',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(terminal, options):
    """Law S2: a literal secret stops every command, and no message repeats it."""
    terminal.config.write_text(f'[store]\nurl = "sqlite:///shop.db"\n{options}\n')

    done = terminal.type("orders")

    assert done.exit_code == 2
    assert SECRET not in done.output
    assert "env =" in done.stderr or "is no TOML" in done.stderr


@pytest.mark.parametrize(
    "url", [f"postgresql://kim:{SECRET}@db/shop", f"postgresql://db/shop?password={SECRET}"]
)
def test_a_password_in_the_address_is_refused_and_not_shown(terminal, url):
    """Law S2: the address of the database may come from the environment, if it has a password."""
    terminal.config.write_text(f'[store]\nurl = "{url}"\n')

    done = terminal.type("orders")

    assert done.exit_code == 2
    assert SECRET not in done.output
    assert 'url = { env = "URL" }' in done.stderr.replace("\n", " ")


def test_the_address_may_come_from_the_environment(terminal):
    """What stands in the environment is used, and needs no place in the file."""
    terminal.config.write_text('[store]\nurl = { env = "DATABASE_URL" }\n')

    done = terminal.type("orders", DATABASE_URL=terminal.url)

    assert done.exit_code == 0, done.output
    assert "A-1" in done.stdout


def test_a_variable_that_is_not_set_is_named(terminal):
    """Whoever forgot a secret reads which one, and for what."""
    done = terminal.type("preview", "A-1", "--all", FAULTS="")

    assert done.exit_code == 2
    assert "gateways.fake.faults" in done.stderr
    assert "FAULTS" in done.stderr


def test_looking_needs_no_secret(terminal):
    """Who only looks at orders needs no gateway and no key of one."""
    assert terminal.type("orders", FAULTS="").exit_code == 0
    assert terminal.type("show", "A-1", FAULTS="").exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "store.url"),
        ('[store]\nurl = "sqlite:///other.db"', "there is none at"),
        ('[store]\nurl = "nonsense"', "database URL"),
        ('[stores]\nurl = "sqlite:///shop.db"', "stores"),
        ('store = "sqlite:///shop.db"', "store"),
        ('[store]\nurl = "sqlite:///shop.db"\n[policy]\nmax = 3', "policy.max"),
        ('[store]\nurl = "sqlite:///shop.db"\n[policy]\nmax_amount = 3', "500.00 EUR"),
        ('[store]\nurl = "sqlite:///shop.db"\n[policy]\nwindow_days = "x"', "days"),
        ('[store]\nurl = "sqlite:///shop.db"\n[seller]\nnome = "x"', "nome"),
        ('[store]\nurl = "sqlite:///shop.db"\n[gateways]\nstripe = 3', "gateways.stripe"),
        ('[store]\nurl = "sqlite:///shop.db"\n[credit_notes]\nreasons = ["x"]', "credit_notes"),
        ('[store]\nurl = "sqlite:///shop.db"\ncreate = true', "store.create"),
        ('[store]\nurl = "sqlite:///shop.db"\nnamespace = "x"', "store.namespace is no UUID"),
        ('[store]\nurl = "sqlite:///shop.db"\n[deliveries]\nrevocation = ["x"]', "on_refund, never"),
        ('[store]\nurl = "sqlite:///shop.db"\n[deliveries]\nretries = 3', "retries = ["),
        (
            '[store]\nurl = "sqlite:///shop.db"\n[deliveries]\nretries = [{ days = 99999999999 }]',
            "no span of time",
        ),
        ('[store]\nurl = "sqlite:///shop.db"\n[deliveries]\nmost_attempts = 0', "most_attempts"),
        ('[store]\nurl = "sqlite:///shop.db"\n[listeners]\nplugins = "yes"', "plugins = true"),
        ('[store]\nurl = "sqlite:///shop.db"\n[credit_notes]\nreasons = [["x"]]', "credit_notes"),
        ('[store]\nurl = "sqlite:///shop.db"\n[credit_notes]\nseries = 3', "credit_notes"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(terminal, text, said):
    """A wrong configuration stops the command with one message, and no traceback."""
    terminal.config.write_text(text)

    done = terminal.type("orders")

    assert done.exit_code in (2, 3), done.output
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("issue = 3", "issue must be a function"),
        ('issue = "tea_shop.cards:issue"', "issue must be a function"),
        ('issue = { function = "os" }', "names no function"),
        ('issue = { function = "os:no_such_function" }', "cannot be imported (AttributeError)"),
        ('issue = { function = "no_such_package:issue" }', "cannot be imported (ModuleNotFoundError)"),
        ('issue = { function = "os:sep" }', "which is no function"),
        ("kind = [3]", "brings a deliverer of kind"),
        ('kind = "acme"', "brings a deliverer of kind"),
    ],
)
def test_a_deliverer_that_cannot_be_built_is_told(terminal, options, said):
    """A sweep begins with everything that it needs, or not at all; the message names what is wrong."""
    terminal.configure(f"[deliverers.gift_card]\n{options}")

    done = terminal.type("recover")

    assert done.exit_code == 2, done.output
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "url", ["nonsense", f"postgresql://kim:{SECRET}@[::1/shop", f"mysql+x://kim:{SECRET}@db/s"]
)
def test_an_address_that_is_none_is_a_mistake_in_the_file(terminal, url):
    """Law S2: what cannot be a database is exit code 2, and the message does not show it."""
    terminal.config.write_text('[store]\nurl = { env = "DATABASE_URL" }\n')

    done = terminal.type("orders", DATABASE_URL=url)

    assert done.exit_code == 2, done.output
    assert SECRET not in done.output
    assert "should not happen" not in done.stderr


def test_a_database_that_cannot_be_reached_is_told(terminal):
    """Law S2: nobody listens there; the end is not known, and the password is not shown."""
    terminal.config.write_text('[store]\nurl = { env = "DATABASE_URL" }\n')

    done = terminal.type("orders", DATABASE_URL=f"postgresql://kim:{SECRET}@127.0.0.1:9/shop")

    assert done.exit_code == 3, done.output
    assert "could not be reached" in done.stderr
    assert SECRET not in done.output


def test_refunds_get_the_ids_of_the_shops_own_namespace(terminal):
    """Law E2: under the shop's namespace the same request has the same refund id, whoever makes it."""
    mine = uuid4()
    terminal.config.write_text(
        terminal.config.read_text().replace("[store]", f'[store]\nnamespace = "{mine}"')
    )
    wish = ("--amount", "5", "--reason", "x", "--key", "k", "--yes", "--expect-amount", "5")

    assert terminal.type("refund", "A-1", *wish).exit_code == 0
    with SQLStore.open("sqlite:///" + str(terminal.folder / "other.db")) as store:
        desk = RefundDesk(store=store, gateways=[FakeGateway()], namespace=mine)
        desk.register(sold(1))
        five = Money.of("5.00", "EUR")
        desk.refund("A-1", RefundRequest(key="k", reason="x", amount=five))
        assert store.get("A-1").refunds[0].id == terminal.order().refunds[0].id


def test_a_gateway_that_nobody_brings_is_told(terminal):
    """A kind that is not installed stops what needs gateways, and says which kinds there are."""
    terminal.config.write_text('[store]\nurl = "sqlite:///shop.db"\n[gateways.acme]\n')

    done = terminal.type("preview", "A-1", "--all")

    assert done.exit_code == 2
    assert "'acme'" in done.stderr
    assert "manual" in done.stderr


def test_no_file_is_told(terminal):
    """Without a configuration, the message says how to name one."""
    terminal.config.unlink()

    done = terminal.type("orders")

    assert done.exit_code == 2
    assert "REFUNDKIT_CONFIG" in done.stderr


def test_gateways_says_what_is_there_and_shows_no_secret(terminal):
    """Law S2: kinds, credentials of test or live, abilities; of a secret not even a part."""
    text = terminal.config.read_text()
    terminal.config.write_text(f'{text}\n[gateways.stripe]\napi_key = {{ env = "STRIPE_API_KEY" }}\n')

    live = terminal.type("gateways", STRIPE_API_KEY=SECRET)
    test = terminal.type("gateways", STRIPE_API_KEY="sk_test_1")
    unset = terminal.type("gateways", STRIPE_API_KEY="")
    wrong = terminal.type("gateways", STRIPE_API_KEY="what_ever")

    assert {done.exit_code for done in (live, test, unset, wrong)} == {0}
    assert "stripe (stripe), LIVE credentials" in live.stdout
    assert "stripe (stripe), TEST credentials" in test.stdout
    assert "STRIPE_API_KEY" in unset.stdout
    assert "stripe: cannot be used" in wrong.stdout
    assert "made by a person" in live.stdout
    for done in (live, test, unset, wrong):
        assert SECRET[8:] not in done.output
        assert "what_ever" not in done.output
