"""Results files: strict JSON, whole or not at all."""

import math
import re
import resource

import numpy as np
import pytest

from qtjax.app.files import read_json, versions, write_json


def test_json_is_strict_and_comes_back(tmp_path):
    path = tmp_path / "data.json"
    write_json(path, {"a": (1.5, math.nan), 2: [math.inf, None, True, "word"]})
    assert read_json(path) == {"a": [1.5, None], "2": [None, None, True, "word"]}
    assert [file.name for file in tmp_path.iterdir()] == ["data.json"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "data.json"
    write_json(path, [{"a": 1}])
    with pytest.raises(TypeError):
        write_json(path, [{"a": object()}])
    assert read_json(path) == [{"a": 1}]


@pytest.mark.parametrize("data", [{"eta": [0.25, 0.5], "words": "before"}, [{"S": 0.1}, {"S": 2}]])
def test_what_was_cut_off_or_changed_is_refused_by_name_or_the_same(data, tmp_path):
    path, rng = tmp_path / "report.json", np.random.default_rng(3)
    write_json(path, data)
    whole, refused = path.read_bytes(), 0
    cut = [whole[: int(n)] for n in rng.integers(len(whole) - 1, size=50)]
    flipped = [bytearray(whole) for _ in range(300)]
    for changed in flipped:
        changed[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
    for changed in [*cut, *map(bytes, flipped)]:
        path.write_bytes(changed)
        try:
            found, said = read_json(path), None
        except ValueError as error:
            found, said = None, str(error)
        refused += said is not None
        if said is None:
            assert found == data  # a blank became another one
        else:
            assert re.search(r"report\.json is damaged, .*run the command", said)
    assert refused > 330


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[1]", '{"a": 1}', "", '{"a": 1e999, "sha256": "x"}']
)
def test_what_has_no_checksum_is_refused(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=r"a\.json is damaged"):
        read_json(tmp_path / "a.json")


def test_a_full_disk_is_told_and_the_old_file_stays(tmp_path):
    path = tmp_path / "report.json"
    write_json(path, {"a": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match=r"report\.json cannot be written \(File too large\)"):
            write_json(path, {"a": [0.1] * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read_json(path) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_versions_name_what_the_numbers_depend_on():
    assert {"python", "qtjax", "jax", "equinox", "diffrax", "lineax"} <= versions().keys()
