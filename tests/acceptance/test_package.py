from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest
from conftest import CLAUSE, CONTRACT, SOUND, write


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built from the sdist, so that both are whole."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, root],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("*.whl")
    assert list(folder.glob("*.tar.gz"))
    return found


@pytest.mark.slow
def test_the_wheel_holds_two_packages_and_what_they_read(wheel):
    """Only harness and falsifiers are import packages; contracts, schemas and code pages travel with them."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"harness", "falsifiers"}
    for part in ("tensor-layout-v1.yaml", "importer-v1.yaml", "schema/contract.schema.json"):
        assert f"harness/builtin/contracts/{part}" in names
    assert "harness/contract/catalogue/FC012.md" in names


@pytest.mark.slow
def test_the_wheel_works_in_an_unrelated_repository(wheel, project):
    """Installed alone, it tries a user's contract with a user's falsifier, and the built-in ones."""
    environment = project / "env"
    venv.create(environment, with_pip=True)
    # The dependencies are lent from this environment, so that the test needs no network.
    (lent,) = (environment / "lib").glob("python*/site-packages")
    (lent / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    subprocess.run(
        [
            environment / "bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--force-reinstall",
            wheel,
        ],
        check=True,
    )
    write(
        project,
        "contracts/own-v1.yaml",
        CONTRACT.format(id="own-v1", clauses=CLAUSE.format(id="FALSIFY-OWN-001", **SOUND)),
    )
    write(project, "falsifiers/own.py", '"""A module of the user\'s own."""\n')

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment / "bin/falsify", *words], cwd=project, capture_output=True, text=True, check=False
        )

    where = run("--version")
    assert where.returncode == 0
    done = run("gate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FALSIFY-OWN-001" in done.stdout
    (project / "pyproject.toml").write_text('[tool.falsify]\ncontracts = ["contracts", "builtin"]\n')
    done = run("gate", "-k", "FALSIFY-005 or FALSIFY-OWN-001")
    assert done.returncode == 0, done.stdout + done.stderr
    for clause in ("FALSIFY-OWN-001", "FALSIFY-005", "FALSIFY-APR-PRETRAIN-INIT-005"):
        assert clause in done.stdout
    assert run("explain", "FC012").returncode == 0
