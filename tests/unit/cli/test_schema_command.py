from __future__ import annotations

from harness.cli.main import run


def test_schemas_are_written_and_found_fresh(tmp_path, monkeypatch, capsys):
    """What was written is fresh; a change, or a missing file, is exit 1 and named, and --check writes nothing."""
    monkeypatch.chdir(tmp_path)
    assert run(["schema", "--check"]) == 1
    assert not (tmp_path / "contracts").exists()
    assert run(["schema"]) == 0
    assert "contracts/schema/contract.schema.json" in capsys.readouterr().out
    assert run(["schema", "--check"]) == 0
    path = tmp_path / "contracts/schema/binding.schema.json"
    path.write_text(path.read_text() + " ")
    assert run(["schema", "--check"]) == 1
    assert "binding.schema.json is stale" in capsys.readouterr().err


def test_schema_is_not_listed(capsys):
    """The command is for those who work on the project; the help of the program does not list it."""
    assert run(["--help"]) == 0
    assert "schema" not in capsys.readouterr().out
