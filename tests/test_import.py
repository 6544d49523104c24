"""What `import qtjax` brings with it, and what it leaves alone."""

import json
import subprocess
import sys
from pathlib import Path

import qtjax as qt

IMPORT = """
import json, os, sys
before = sorted(os.listdir())
import jax
import qtjax
from jax._src import xla_bridge
print(json.dumps([sorted({name.split(".")[0] for name in sys.modules}),
                  xla_bridge.backends_are_initialized(), sorted(os.listdir()) == before]))
"""
# of the command line, of sweeps and of pictures: imported where they are used
LATER = {
    "click", "dask", "distributed", "matplotlib", "pandas", "pydantic", "qutip", "rich",
    "tomli_w", "typer", "xarray", "zarr",
}  # fmt: skip


def test_import_brings_no_command_line_no_device_and_no_file(tmp_path):
    out = subprocess.run(
        [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"PYTHONPATH": str(Path(qt.__file__).parents[1]), "PATH": "", "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    modules, started, untouched = json.loads(out.stdout)
    assert "jax" in modules
    assert LATER & set(modules) == set()
    assert not started
    assert untouched
