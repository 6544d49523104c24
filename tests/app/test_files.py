"""Results files: strict JSON, whole or not at all."""

import json
import math

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
    write_json(path, [1])
    with pytest.raises(TypeError):
        write_json(path, [object()])
    assert json.loads(path.read_text()) == [1]


def test_a_file_that_was_cut_off_or_broken_is_refused_by_name(tmp_path):
    path, rng = tmp_path / "report.json", np.random.default_rng(3)
    write_json(path, {"efficiency": [0.25, 0.5], "words": "before"})
    whole = path.read_bytes()
    broken = [whole[: int(n)] for n in rng.integers(len(whole) - 1, size=50)]
    for data in [*broken, b"", whole.replace(b":", b"\xff", 1)]:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"report\.json is damaged or was cut off: "):
            read_json(path)


def test_versions_name_what_the_numbers_depend_on():
    assert {"python", "qtjax", "jax", "equinox", "diffrax", "lineax"} <= versions().keys()
