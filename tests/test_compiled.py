"""What is called outside `jit` is compiled as one program, not operation by operation."""

import json
import subprocess
import sys

COUNT = """
import json
import jax
import jax.numpy as jnp
import numpy as np
jax.config.update("jax_enable_x64", True)
import qtjax as qt

names = []
jax.monitoring.register_event_duration_secs_listener(
    lambda name, seconds, **_: names.append(name)
)

def programs(function, *arguments):
    names.clear()
    jax.block_until_ready(function(*arguments))
    return sum(name.endswith("backend_compile_duration") for name in names)

h, one = qt.number(2), qt.identity(2)
rho, sigma = (jnp.asarray(np.diag([p, 1 - p]), complex) for p in (0.7, 0.4))
bath = qt.LocalBath(qt.destroy(2), 1.0, 1.0, qt.Flat(0.1))
print(json.dumps({
    "tensor": programs(qt.tensor, qt.sigmax(), qt.identity(3), qt.sigmaz()),
    "embed": programs(qt.embed, qt.sigmax(), (2, 3, 2), 0),
    "thermal_state": programs(qt.thermal_state, h, 2.0),
    "thermal_state again": programs(qt.thermal_state, h, 3.0),
    "pure_state": programs(qt.pure_state, [1, 1j]),
    "entropy": programs(qt.entropy, rho),
    "entropy_rate": programs(qt.information.entropy_rate, rho, sigma - rho),
    "relative_entropy": programs(qt.information.relative_entropy, rho, sigma),
    "thermal_rates": programs(qt.dynamics.thermal_rates, qt.Flat(0.1), 1.0, 0.5),
    "partial_trace": programs(qt.partial_trace, qt.tensor(rho, sigma), (2, 2), 0),
    "many Davies channels": programs(
        lambda: qt.DaviesBath(
            np.diag(np.arange(12.0) ** 2), np.ones((12, 12)), 1.0, qt.Flat(0.1)
        ).channels(qt.Static(np.diag(np.arange(12.0) ** 2)))
    ),
}))
"""


def test_programs_of_a_call_outside_jit():
    ran = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found.pop("tensor") == found.pop("embed") == found.pop("thermal_state again") == 0
    assert found.pop("many Davies channels") <= 60  # of 132 operators
    assert max(found.values()) <= 4, found
