"""The gateway that "Write a gateway" builds keeps the contract that the page tells its reader to keep."""

import re
from pathlib import Path

from refundkit.testing.gateway_contract import GatewayContract

PAGE = Path(__file__).parents[2] / "docs/how-to/write-a-gateway.md"


def built() -> dict[str, object]:
    """Run the page's blocks of Python; return all that they define."""
    globs: dict[str, object] = {"__name__": "page"}
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    exec(compile("\n".join(blocks), PAGE, "exec"), globs)  # noqa: S102 - our own page
    return globs


# pytest runs it as the reader would.
TestAcmeGateway = built()["TestAcmeGateway"]


def test_the_page_tests_what_it_builds() -> None:
    """The class on the page is the contract, and its gateway the one of the page."""
    assert issubclass(TestAcmeGateway, GatewayContract)
