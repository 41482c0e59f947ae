from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from harness.contract.schema import schema_texts
from harness.contract.yaml_nodes import read_yaml


@pytest.fixture(scope="module")
def texts():
    """The schemas of the built-in falsifiers, as they would be written now."""
    from harness.cli.registry import declarations

    return schema_texts(declarations())


@pytest.mark.parametrize("name", ["contract.schema.json", "binding.schema.json", "evidence.schema.json"])
def test_schema_is_fresh(root, texts, name):
    """The committed schema is what the models and the built-in falsifiers give."""
    path = root / "contracts" / "schema" / name
    fresh = path.read_text(encoding="utf-8") == texts[name]
    assert fresh, f"{name} is stale: run falsify schema"


def test_our_contracts_are_valid(root, texts):
    """Every contract of ours is valid under the schema that its modeline names."""
    schema = json.loads(texts["contract.schema.json"])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    contracts = sorted((root / "contracts").glob("*.yaml"))
    assert contracts
    for path in contracts:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# yaml-language-server: $schema=schema/contract.schema.json\n"), path.name
        errors = [
            f"{error.json_path}: {error.message}" for error in validator.iter_errors(read_yaml(text, path.name).data)
        ]
        assert not errors, f"{path.name}: {errors[:5]}"
