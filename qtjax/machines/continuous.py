"""Machines that run all the time: figures of merit of a steady state between baths."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import check_instance
from .._describe import as_html, as_text
from .._types import Operator, OperatorLike, Real, RealLike
from ..dynamics.open_system import OpenSystem
from ..dynamics.steady_state import SteadyState, steady_state
from ..thermodynamics.rates import Rates, entropy_fluxes, rates
from . import figures
from .describe import describe_machine
from .stroke import Contact, as_contact, names_of


class SteadyMachine(figures.AbstractFiguresOfMerit):
    """A steady state with its books per time. Pairs are (cold, hot); Q > 0 into the system.

    Args:
        system: the open system.
        contact: the names of its baths.
        steady: the steady state, with its error and its `result`.
        rates: all rates there.

    Examples:
        >>> fridge = qt.models.three_level_refrigerator(
        ...     (1.0, 2.0), temperatures=(1.0, 1.2, 4.0), rates=0.1
        ... )
        >>> machine = qt.machines.steady_machine(fridge, ("cold", "room", "work"))
        >>> heats = machine.named_heats
        >>> heats["cold"] / heats["work"], heats["room"] / heats["work"]
        (0.5, -1.5)
    """

    system: OpenSystem
    contact: Contact = eqx.field(static=True)
    steady: SteadyState
    rates: Rates

    @property
    def state(self) -> Operator:
        """The steady state, (d, d)."""
        return self.steady.state

    @property
    def result(self) -> Any:
        """The outcome of the solve for the steady state."""
        return self.steady.result

    @property
    def heat_currents(self) -> Float[Array, " baths"]:
        """Heat per time from each bath, (baths,)."""
        return self.rates.heat_currents

    @property
    def named_heats(self) -> dict[str, Real]:
        """Heat per time from each contact, by its name."""
        names = names_of(self.contact, len(self.system.baths))
        return figures.sums_by_name([names], [self.heat_currents])

    @property
    def work(self) -> Real:
        """Work done on the system per time, tr(rho E') + tr(-i[H, rho] E) for the energy E."""
        return self.rates.power

    @property
    def power(self) -> Real:
        """Work delivered per time, `work_output`."""
        return self.work_output

    @property
    def first_law_residual(self) -> Real:
        """U' = Q' + W', which is 0."""
        return self.rates.energy_rate

    @property
    def rounding(self) -> Real:
        """What counts as no work and no heat per time: what rounding and `steady.error` may make.

        An error of the state may move heats by d times as much of the dissipators' size, where
        `rates` count 64 roundings.
        """
        moved = jnp.abs(self.heat_currents).sum() + jnp.abs(self.rates.power)
        eps = jnp.finfo(moved.dtype).eps
        error = jnp.where(jnp.isfinite(self.steady.error), self.steady.error, 0.0)
        more = jnp.maximum(1.0, self.system.dimension * error / (32 * eps))
        return jax.lax.stop_gradient(jnp.maximum(8 * eps * moved, more * self.rates.heat_rounding))

    def propagated(self, slopes: Any) -> Real:
        """`error_of` a figure from its derivatives; nan where it is of what has no known error."""
        flows = jnp.abs(slopes.rates.heat_currents).sum() + jnp.abs(slopes.rates.power)
        found = (
            self.rounding * flows
            + figures.off_by(slopes.state, self.steady.error)
            + figures.off_by(slopes.rates.spohn_production, self._production_error)
        )
        others = eqx.tree_at(
            lambda rates: (rates.heat_currents, rates.power, rates.spohn_production), slopes.rates,
            (0.0, 0.0, 0.0),
        )  # fmt: skip
        return jnp.where(figures.largest(others) == 0.0, found, jnp.nan)

    @property
    def temperatures(self) -> tuple[Real, Real]:
        """Bath temperatures (cold, hot); nan where baths of one name do not agree."""
        figures.check_names("temperatures", self.named_heats, ("cold", "hot"))
        baths = self.system.baths
        names = names_of(self.contact, len(baths))
        cold, hot = (
            figures.common(bath.temperature for n, bath in zip(names, baths, strict=True) if n == x)
            for x in ("cold", "hot")
        )
        return cold, hot

    @property
    def spohn_production(self) -> Real:
        """Spohn's production per time, eq. (14), -sum_k Phi_k: the entropy does not change."""
        return self.rates.spohn_production

    @property
    def _production_error(self) -> Real:
        """What `spohn_production` may be off by: its entropy, and heats over temperatures."""
        known = [bath.temperature for bath in self.system.baths if bath.temperature is not None]
        fluxes = sum((self.rounding / temperature for temperature in known), jnp.zeros(()))
        return self.rates.entropy_rounding + fluxes

    def __repr__(self) -> str:
        return as_text(self, describe_machine)

    def _repr_html_(self) -> str:
        return as_html(self, describe_machine)


@checked
def steady_machine(
    system: OpenSystem,
    contact: Any,
    t: RealLike = 0.0,
    *,
    rho0: OperatorLike | None = None,
    solver: Any = None,
    tolerance: float | None = None,
    throw: bool = True,
) -> SteadyMachine:
    """The steady state of a continuous machine, with power, heat currents and figures of merit.

    A machine that is driven periodically is described in the frame that rotates with the drive:
    `OpenSystem(h_rotating, baths, energy=h_bare)`. What the drive moves of the bare energy is work.

    Args:
        system: the open system.
        contact: a name for each bath, such as ("hot", "cold"), or one for all; `None` for heat
            that counts under no name.
        t: the time at which the generator is taken.
        rho0: as for `steady_state`, and so `solver`, `tolerance` and `throw`.

    Returns:
        `SteadyMachine`.

    Raises:
        ValueError: a system that is none, or a `contact` that is no name; what `steady_state`
            refuses.
        SolverError: as for `steady_state`.

    Examples:
        >>> fridge = qt.models.three_level_refrigerator(
        ...     (1.0, 2.0), temperatures=(1.0, 1.2, 4.0), rates=0.1
        ... )
        >>> machine = qt.machines.steady_machine(fridge, ("cold", "room", "work"))
        >>> bool(machine.spohn_production > 0)
        True
        >>> machine.heat_currents.sum()
        0.0
    """
    check_instance("system", system, OpenSystem, "an `OpenSystem`")
    names = as_contact(contact, len(system.baths))
    steady = steady_state(system, t, rho0=rho0, solver=solver, tolerance=tolerance, throw=throw)
    return SteadyMachine(system, names, steady, _rates(system, t, steady.state))


@eqx.filter_jit
def _rates(system: OpenSystem, t: RealLike, rho: Operator) -> Rates:
    found = rates(system, t, rho)
    # S' = 0, also where a population is lost in rounding and ln rho with it
    production = -entropy_fluxes(system, t, rho).sum()
    return eqx.tree_at(lambda found: found.spohn_production, found, production)
