"""The configuration: secrets come from the environment only, and what is wrong is told with the way out."""

from __future__ import annotations

import pytest

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
    ],
)
def test_what_is_wrong_in_the_file_is_told(terminal, text, said):
    """A wrong configuration stops the command with one message, and no traceback."""
    terminal.config.write_text(text)

    done = terminal.type("orders")

    assert done.exit_code in (2, 3), done.output
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.output


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
