from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import toy

from harness.trial.answers import AnswerStore
from harness.verdict.verdicts import RunState


def test_an_external_subject_answers_once_for_all_processes(tmp_path):
    """A second store over the same folder reads the answer instead of running the subject again."""
    first, second = (toy.Doubler(label="command", identity="same") for _ in range(2))
    for subject in (first, second):
        answer, folder = AnswerStore(tmp_path).answer(subject, toy.DOUBLING, toy.Number(n=7), {})
        assert answer.data == {"twice": 14}
        assert folder.is_dir()
    assert (first.calls, second.calls) == ([7], [])


def test_answers_are_told_apart_by_subject_case_and_tables(tmp_path):
    """Another identity, another case or another table is another answer."""
    store = AnswerStore(tmp_path)
    subject = toy.Doubler(label="command", identity="one")
    store.answer(subject, toy.DOUBLING, toy.Number(n=7), {"limit": 1})
    store.answer(subject, toy.DOUBLING, toy.Number(n=7), {"limit": 2})
    store.answer(subject, toy.DOUBLING, toy.Number(n=8), {"limit": 1})
    subject.identity = "two"
    store.answer(subject, toy.DOUBLING, toy.Number(n=7), {"limit": 1})
    assert subject.calls == [7, 7, 8, 7]


def test_a_fresh_answer_is_neither_read_nor_stored(tmp_path):
    """Asking again always runs the subject and leaves what is known alone."""
    store = AnswerStore(tmp_path)
    values = iter([14, 15])
    subject = toy.Doubler(lambda n: next(values))
    assert store.answer(subject, toy.DOUBLING, toy.Number(n=7), {})[0].data["twice"] == 14
    assert store.again(subject, toy.DOUBLING, toy.Number(n=7), {})[0].data["twice"] == 15
    assert store.answer(subject, toy.DOUBLING, toy.Number(n=7), {})[0].data["twice"] == 14


def test_a_case_that_kills_the_process_is_left_behind(tmp_path):
    """The case under way is on disk before the call, so that kill -9 in the middle of it loses nothing."""
    script = (
        "import os, pathlib, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "import toy\n"
        "from harness.trial.answers import AnswerStore\n"
        "store = AnswerStore(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[2]) / 'in-flight.json')\n"
        "killer = toy.Doubler(lambda n: os.kill(os.getpid(), signal.SIGKILL))\n"
        "store.answer(killer, toy.DOUBLING, toy.Number(n=7), {})\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)], check=False)
    assert done.returncode == -9
    assert json.loads((tmp_path / "in-flight.json").read_text())["case"] == {"n": 7}


def test_the_note_of_a_case_under_way_is_gone_after_the_answer(tmp_path):
    """A run that goes well leaves no case in flight."""
    store = AnswerStore(tmp_path, tmp_path / "in-flight.json")
    answer, _ = store.answer(toy.Doubler(), toy.DOUBLING, toy.Number(n=7), {})
    assert answer.state is RunState.RAN
    assert not (tmp_path / "in-flight.json").exists()
