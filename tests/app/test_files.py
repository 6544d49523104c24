"""Results files: strict JSON, whole or not at all."""

import json
import math

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


def test_versions_name_what_the_numbers_depend_on():
    assert {"python", "qtjax", "jax", "equinox", "diffrax", "lineax"} <= versions().keys()
