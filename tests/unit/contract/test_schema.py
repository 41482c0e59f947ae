from __future__ import annotations

import copy
import dataclasses
import json
import math

import pytest
import yaml
from jsonschema import Draft202012Validator
from lint_samples import SOUND, declarations

from harness.contract.schema import schema_texts
from harness.verdict.evidence import Evidence, Examples, Hashes, LimitRecord, Location, Versions
from harness.verdict.verdicts import Severity, Verdict


@pytest.fixture(scope="module")
def schemas():
    """The schemas of the sample's declarations, parsed."""
    return {name: json.loads(text) for name, text in schema_texts(declarations()).items()}


@pytest.fixture
def sound():
    """The sound sample as data."""
    return yaml.safe_load(SOUND)


def errors(schemas, data):
    """What the schema of contracts has against `data`."""
    return list(Draft202012Validator(schemas["contract.schema.json"]).iter_errors(data))


def test_schemas_are_schemas(schemas):
    """Each is valid under draft 2020-12 and names itself."""
    assert sorted(schemas) == ["binding.schema.json", "contract.schema.json", "evidence.schema.json"]
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"].endswith("2020-12/schema")
        assert schema["$id"] == f"urn:falsify:schema:{name.partition('.')[0]}"
        assert schema["title"]
        assert schema["description"]


def test_references_lead_somewhere(schemas):
    """Every $ref of a schema resolves inside it, those of parameters included."""

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for schema in schemas.values():
        for reference in references(schema):
            node = schema
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]


def test_sound_contract_is_valid(schemas, sound):
    """The contract that lint finds nothing in is valid."""
    assert errors(schemas, sound) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("falsifer",), "heads.reversed_head_is_refused"),
        (("falsifier",), "heads.nothing"),
        (("subject",), "importer"),
        (("parameters", "max_hiden"), 3),
        (("parameters", "max_hidden"), "many"),
        (("limit", "measure"), "acepted_heads"),
        (("limit", "at_least"), 1),
        (("population", "partitions", 0), "oblong"),
        (("population", "architectures", 0), "lama"),
        (("population", "examples"), 0),
        (("mutants", 0, "name"), "drops_bias"),
        (("mutants", 0, "shows"), "nothing"),
    ],
)
def test_what_lint_refuses_the_schema_refuses(schemas, sound, path, value):
    """An editor that completes from the schema marks the same names as lint."""
    data = copy.deepcopy(sound)
    node = data["falsification_tests"][0]["check"]
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    assert errors(schemas, data)


def test_parameters_with_references_are_moved_as_a_whole():
    """A parameter model with a definition of its own keeps meaning the same inside the contract's schema."""
    known = declarations()
    (name, declared), *_ = known.falsifiers.items()
    parameters = {
        "type": "object",
        "required": ["mode"],
        "properties": {"mode": {"$ref": "#/$defs/Mode"}},
        "$defs": {"Mode": {"enum": ["fast", "slow"]}},
    }
    falsifiers = {name: dataclasses.replace(declared, parameters_schema=parameters)}
    text = schema_texts(dataclasses.replace(known, falsifiers=falsifiers))["contract.schema.json"]
    schemas = {"contract.schema.json": json.loads(text)}
    data = yaml.safe_load(SOUND)
    check = data["falsification_tests"][0]["check"]
    check["parameters"] = {"mode": "fast"}
    assert errors(schemas, data) == []
    check["parameters"] = {"mode": "wrong"}
    assert errors(schemas, data)
    del check["parameters"]
    assert errors(schemas, data)


def test_evidence_is_valid_as_it_is_written(schemas):
    """A record that leaves the program is valid under the schema that is published for it, an infinite margin too."""
    record = Evidence(
        contract="sample-v1",
        clause="FALSIFY-001",
        qualified="sample-v1::FALSIFY-001",
        subject="reference",
        subject_identity="reference",
        role="reader",
        falsifier="heads.reversed_head_is_refused",
        severity=Severity.P0,
        claimed="",
        bound=True,
        verdict=Verdict.FALSIFIED,
        reason="accepted_heads",
        message="",
        prediction="p",
        if_fails="f",
        location=Location(file="f", line=1, column=1, end_line=1, end_column=2),
        measured={"accepted_heads": math.inf},
        units={},
        limit=LimitRecord(measure="accepted_heads", at_most=0),
        denominator=1,
        margin=-math.inf,
        examples=Examples(valid=1, rejected=0),
        classes={},
        unreached=(),
        blind={},
        mutants=(),
        twin=Verdict.CORROBORATED,
        vacuous=False,
        vacuous_because="",
        case=None,
        counterexample={"vocab": 3},
        replay="",
        seed=0,
        profile="dev",
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=0.1,
        versions=Versions(falsify="0", python="3", platform="p", libraries={}),
        git_commit="",
        hashes=Hashes(contract="", clause="", falsifier="", artifacts={}),
    )
    data = json.loads(record.model_dump_json())
    validator = Draft202012Validator(schemas["evidence.schema.json"])
    assert list(validator.iter_errors(data)) == []
    assert not validator.is_valid({**data, "verdict": "PASS"})


def test_infinities_are_allowed_as_text(schemas):
    """JSON has no infinity, so evidence writes it as text."""
    measured = schemas["evidence.schema.json"]["properties"]["measured"]["additionalProperties"]
    validator = Draft202012Validator(measured)
    assert validator.is_valid("Infinity")
    assert validator.is_valid(1.5)
    assert not validator.is_valid("many")


def test_schemas_depend_on_the_declarations_alone():
    """Made twice they are equal, and each ends in a newline."""
    first, second = schema_texts(declarations()), schema_texts(declarations())
    assert first == second
    assert all(text.endswith("}\n") for text in first.values())


def test_no_falsifier_leaves_the_block_open(sound):
    """Where no falsifier is declared, the schema still checks the form of a check block."""
    bare = dataclasses.replace(declarations(), falsifiers={}, mutants={})
    schemas = {"contract.schema.json": json.loads(schema_texts(bare)["contract.schema.json"])}
    assert errors(schemas, sound) == []
    del sound["falsification_tests"][0]["check"]["limit"]
    assert errors(schemas, sound)
