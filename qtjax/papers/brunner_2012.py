"""Brunner et al.: virtual qubits, and the temperatures that they have."""

from typing import Any

from ..algebra.composite import embed, tensor
from ..algebra.operators import number
from ..algebra.states import thermal_state
from ..thermodynamics.state_temperatures import population_beta
from .entries import Paper, entry

CASES = {
    "a refrigerator": ((1.0, 3.0), (0.5, 0.4), (3.0 * 0.4 - 1.0 * 0.5) / 2.0),
    "colder than either bath": ((1.0, 3.0), (0.5, 2.0), (3.0 * 2.0 - 1.0 * 0.5) / 2.0),
    "a heat engine": ((1.0, 1.5), (2.0, 0.5), (1.5 * 0.5 - 1.0 * 2.0) / 0.5),
}


def _entries():
    found = []
    for name, (gaps, betas, published) in CASES.items():
        parts = [gap * number(2) for gap in gaps]
        rho = tensor(*(thermal_state(h, 1.0 / beta) for h, beta in zip(parts, betas, strict=True)))
        whole: Any = sum(embed(h, (2, 2), k) for k, h in enumerate(parts))
        # levels in ascending order: 1 is |10>, 2 is |01>
        ours = population_beta(rho, whole, 1, 2)
        found.append(entry(f"virtual inverse temperature, {name}", ours, published,
                           "closed form (E_2 b_2 - E_1 b_1)/(E_2 - E_1)"))  # fmt: skip
    return found


PAPER = Paper(
    "brunner_2012",
    "N. Brunner, N. Linden, S. Popescu, P. Skrzypczyk, Virtual qubits, virtual temperatures, and "
    "the foundations of thermodynamics, Phys. Rev. E 85, 051117 (2012)",
    "Two qubits in two baths hold a virtual one, colder than both for a refrigerator, inverted for "
    "an engine.",
    "Gaps and inverse temperatures (1, 3), (0.5, 0.4); (1, 3), (0.5, 2); (1, 1.5), (2, 0.5).",
    _entries,
)
