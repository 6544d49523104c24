"""Every test runs in float64, with the types of every public signature checked at run time."""

import os
import tempfile
from pathlib import Path

import equinox as eqx
import jax
import jaxtyping
import pytest

# programs that tests start in processes of their own share what they compile
CACHE = os.environ.setdefault("QTJAX_TEST_CACHE", tempfile.mkdtemp(prefix="qtjax-cache-"))
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", CACHE)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
# most of the time of the suite is compilation: without this one XLA takes twice as long on a CPU
# (and later versions end the process at a flag that they do not know)
if jax.__version_info__ < (0, 11):
    FLAGS = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"--xla_cpu_use_fusion_emitters=false {FLAGS}".strip()

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)
jaxtyping.install_import_hook("qtjax", "beartype.beartype")

# files that need little compilation and touch every floor: `pytest -m quick`, under 90 s
QUICK = frozenset((
    "test_architecture.py", "test_public.py", "test_canonical.py", "test_composite.py",
    "test_operators.py", "test_coherence.py", "test_correlations.py",
    "test_schedules.py", "test_scales.py", "test_secular.py", "test_baths.py", "test_erasure.py",
    "test_ergotropy.py", "test_exchange.py", "test_time_local.py",
    "test_objectives.py", "test_files.py",
))  # fmt: skip

MAPS = Path("/proc/self/maps")  # of Linux: memory maps, of which a process may have 65,530
MANY_MAPS = 40_000


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in QUICK:
            item.add_marker(pytest.mark.quick)


@pytest.fixture(autouse=True, scope="module")
def _few_memory_maps():
    """Every compiled program holds memory maps; a process that has too many of them crashes."""
    yield
    if MAPS.exists() and len(MAPS.read_text().splitlines()) > MANY_MAPS:
        jax.clear_caches()
        eqx.clear_caches()
