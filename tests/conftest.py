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

# tests that take seconds to compile, on ground that faster ones cover: nightly, with `slow`
NIGHTLY = frozenset((
    "test_two_baths_that_follow_under_jit_and_grad",
    "test_values_and_derivatives_agree_with_diffrax[sparse_chain]",
    "test_slopes_of_a_batch_are_its_lanes[wave]",
    "test_slopes_of_a_limit_cycle_by_a_parameter_that_moves_a_jump",
    "test_two_qubits_with_other_spectra_make_a_limit_cycle",
    "test_derivatives_batches_and_units_of_collisions",
    "test_example_runs_and_draws_its_figure[two_qubits_exchange]",
    "test_example_runs_and_draws_its_figure[thermalizing_qubit]",
    "test_example_runs_and_draws_its_figure[driven_sweep]",
    "test_six_sites",
    "test_float32_in_a_process_of_its_own",
    "test_published_best_durations_and_their_gradient",
    "test_against_truncated_levels[12-2e-05]",
    "test_second_derivatives",
    "test_populations_stay_at_any_speed[landau_zener-2]",
    "test_slow_carnot_cycles_reach_carnots_efficiency",
    "test_books_along_a_trajectory_on_every_path[schedules]",
    "test_books_along_a_trajectory_on_every_path[moving]",
    "test_derivatives_of_the_limit",
    "test_constant_systems_agree_with_diffrax[4]",
    "test_all_is_guaranteed_for_davies_baths",
    "test_engine_cycle_is_differentiable_in_everything_free",
    "test_second_program_of_the_design_improves_power",
    "test_two_schedules_that_jump_together_do_their_work_once",
    "test_a_reset_is_a_swap_with_an_ancilla",
    "test_efficiency_at_most_power_of_the_quantum_dot_engine",
    "test_what_has_no_limit_cycle",
    "test_the_two_level_engine_of_most_power",
    "test_example_runs_and_draws_its_figure[phase_map]",
))  # fmt: skip

MAPS = Path("/proc/self/maps")  # of Linux: memory maps, of which a process may have 65,530
MANY_MAPS = 40_000


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in QUICK:
            item.add_marker(pytest.mark.quick)
        if item.name in NIGHTLY:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="module")
def _few_memory_maps():
    """Every compiled program holds memory maps; a process that has too many of them crashes."""
    yield
    if MAPS.exists() and len(MAPS.read_text().splitlines()) > MANY_MAPS:
        jax.clear_caches()
        eqx.clear_caches()
