"""Engine files with one value replaced, and command lines that cannot be meant."""

import json
import subprocess
import sys

import bad_files
import pytest

SAMPLE = 97  # one file of so many is read in daily work


def wrong(tmp_path, every):
    out = subprocess.run(
        [sys.executable, bad_files.__file__, str(every)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    found = json.loads(out.stdout)
    assert len(found) > 100
    return {case: what for case, what in found.items() if what not in ("refused", "ran")}


@pytest.mark.slow
def test_every_engine_file_and_command_line(tmp_path):
    assert wrong(tmp_path, 1) == {}


def test_files_that_are_refused_without_a_run(tmp_path):
    """What cannot be meant, in this process: nothing of it is computed."""
    cases = [case for case in bad_files.cases() if bad_files.must_be_refused(*case)]
    assert len(cases) > 300
    for case, data in cases[::SAMPLE]:
        assert bad_files.outcome(data, tmp_path) == "refused", case


def test_what_is_right_is_not_refused(tmp_path):
    """So that the refusals are not of everything."""
    assert not bad_files.must_be_refused("cycle: title: text", None)
    assert bad_files.must_be_refused("cycle: baths.hot.temperature: text", None)
    assert bad_files.outcome(bad_files.STEADY, tmp_path) == "ran"
