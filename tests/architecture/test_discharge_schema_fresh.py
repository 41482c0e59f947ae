from harness.ledger.schema import discharge_schema_text


def test_the_committed_discharge_schema_is_the_generated_one(root):
    """`contracts/schema/discharge.schema.json` is byte for byte what the model gives today."""
    committed = (root / "contracts/schema/discharge.schema.json").read_text(encoding="utf-8")
    assert committed == discharge_schema_text(), "write the text of harness.ledger.schema.discharge_schema_text there"
