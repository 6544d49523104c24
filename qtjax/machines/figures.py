"""Figures of merit of a machine, as functions of its heats, works and entropies.

Signs: Q > 0 into the medium, W > 0 done on it. nan says that a figure does not exist in a regime.
"""

import abc
from collections.abc import Iterable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Inexact

from .._checked import checked
from .._checks import as_scalar, check_takes, described, is_concrete, nan_below_zero
from .._types import Operator, Real, RealLike
from .stroke import AbstractStroke

REGIMES = ("engine", "refrigerator", "heater", "accelerator", "none")


def sums_by_name(
    contacts: Sequence[tuple[str | None, ...]], bath_heats: Sequence[Float[Array, "*batch _"]]
) -> dict[str, Float[Array, "*batch"]]:
    """The heat under every name, in the order in which the names come.

    Args:
        contacts: per stroke the names of its heats.
        bath_heats: per stroke its heats, (..., baths).
    """
    found: dict[str, Any] = {}
    for names, heats in zip(contacts, bath_heats, strict=True):
        for k, name in enumerate(names):
            if name is not None:
                found[name] = found.get(name, 0.0) + heats[..., k]
    return found


def entropy_sum(
    strokes: Sequence[AbstractStroke], entropies: Float[Array, " strokes"], name: str
) -> Real:
    """The entropy gained in the strokes in contact with one name alone.

    Args:
        strokes: of a cycle.
        entropies: gained in each stroke, (strokes,).
        name: of the contact.

    Returns:
        A scalar; nan where a stroke has heats under this name and under others too, since its
        entropy cannot be divided between them.
    """
    total = jnp.zeros(())
    for stroke, change in zip(strokes, entropies, strict=True):
        if name in stroke.contacts:
            total = total + (change if set(stroke.contacts) == {name} else jnp.nan)
    return total


def temperature_of(strokes: Sequence[AbstractStroke], name: str) -> Real:
    """The temperature of what has a name; nan unless all that have it agree.

    Args:
        strokes: of a cycle.
        name: of the contact.
    """
    pairs = [pair for s in strokes for pair in zip(s.contacts, s.temperatures, strict=True)]
    return common(value for contact, value in pairs if contact == name)


def common(temperatures: Iterable[Real | None]) -> Real:
    """The temperature that all have that have one; nan if there is none, or it is below 0.

    Args:
        temperatures: scalars or `None`.
    """
    found = [temperature for temperature in temperatures if temperature is not None]
    if not found:
        return jnp.asarray(jnp.nan)
    same = jnp.all(jnp.stack(found) == found[0])
    return jnp.where(same, nan_below_zero(found[0]), jnp.nan)


def check_names(figure: str, names: Iterable[str], needed: Sequence[str]) -> None:
    """Raise if a figure of merit needs names that are not there, while there are others.

    Args:
        figure: what is asked for.
        names: that a machine has.
        needed: by the figure.
    """
    names = list(names)
    missing = [name for name in needed if name not in names]
    if missing and any(name not in ("cold", "hot") for name in names):
        raise ValueError(
            f"`{figure}` needs the contacts {' and '.join(map(repr, needed))}, but the contacts "
            f"here are {', '.join(map(repr, names))}: name them so, say with `in_roles` of "
            "`qtjax.machines` which of them are, or use its `efficiency_from` and `heat_ratio`, "
            "which take any names."
        )


@checked
def efficiency_from(solution: Any, name: str) -> Real:
    """W_out / Q for the heat under one name; nan unless both are positive.

    Args:
        solution: a `CycleSolution` or a `SteadyMachine`.
        name: of what the heat comes from.

    Returns:
        A scalar; `solution.efficiency` for the name "hot". `solution.error_of` of it is its error.

    Raises:
        ValueError: there is no such name.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> solution = qt.limit_cycle(qt.Cycle([cold, hot]))
        >>> qt.machines.efficiency_from(solution, "hot")
        0.5
    """
    heat = _named(solution, "name", name)
    return efficiency(solution.work_output, heat, solution.rounding)


@checked
def heat_ratio(solution: Any, taken: str, paid: str) -> Real:
    """Q_taken / Q_paid; nan unless both are positive.

    The coefficient of performance of an absorption refrigerator, for `taken` the cold and `paid`
    the hot bath.

    Args:
        solution: a `CycleSolution` or a `SteadyMachine`.
        taken: name of the heat that is wanted.
        paid: name of the heat that drives the machine.

    Returns:
        A scalar; `solution.error_of` of it is its error.

    Raises:
        ValueError: there is no such name.

    Examples:
        >>> fridge = qt.models.three_level_refrigerator(
        ...     (1.0, 2.0), temperatures=(1.0, 1.2, 4.0), rates=0.1
        ... )
        >>> machine = qt.machines.steady_machine(fridge, ("cold", "room", "work"))
        >>> qt.machines.heat_ratio(machine, "cold", "work"), 1.0 / 2.0
        (0.5, 0.5)
    """
    wanted, spent = _named(solution, "taken", taken), _named(solution, "paid", paid)
    none = solution.rounding
    return _ratio_where((wanted > none) & (spent > none), wanted, spent)


def _named(solution: Any, argument: str, name: str) -> Real:
    heats = getattr(solution, "named_heats", None)
    if heats is None:
        raise ValueError(
            "`solution` must be that of a machine, with heats by name, as of `limit_cycle`, got "
            f"{described(solution)}."
        )
    if name not in heats:
        raise ValueError(
            f"`{argument}` must be a name of a heat of `solution`, got {name!r}; its names are "
            f"{', '.join(map(repr, heats)) or 'none: give `contact` to its strokes'}."
        )
    return heats[name]


def rounding(
    heats: Float[Array, " strokes"],
    works: Float[Array, " strokes"],
    quenches: Float[Array, " strokes"],
    error: RealLike = 0.0,
) -> Real:
    """What rounding and errors may make of their sums, 8 eps times their moduli at least.

    Args:
        heats: of the strokes, (strokes,).
        works: of the strokes, (strokes,).
        quenches: works between them, (strokes,).
        error: what those of one stroke may be off by; one that is not finite, of a ramp that is not
            resolved, is told by the outcome and not here.
    """
    size = sum((jnp.abs(terms).sum() for terms in (heats, works, quenches)), jnp.zeros(()))
    least = 8 * jnp.finfo(size.dtype).eps * size
    together = heats.size * jnp.where(jnp.isfinite(error), error, 0.0)
    return jax.lax.stop_gradient(jnp.maximum(least, together))


def is_engine(work_output: Real, heat_hot: Real, none: Real) -> Bool[Array, ""]:
    """Whether work is delivered by a cycle that takes in heat while "hot".

    Args:
        work_output: W_out, delivered per cycle.
        heat_hot: Q_h.
        none: what counts as no work and no heat, see `rounding`.
    """
    return (work_output > none) & (heat_hot > none)


def efficiency(work_output: Real, heat_hot: Real, none: Real) -> Real:
    """eta = W_out / Q_h by the first law; nan outside the engine regime, eq. (19).

    Args:
        work_output: W_out, delivered per cycle.
        heat_hot: Q_h.
        none: what counts as no work and no heat, see `rounding`.
    """
    return _ratio_where(is_engine(work_output, heat_hot, none), work_output, heat_hot)


def coefficient_of_performance(work: Real, heat_cold: Real, none: Real) -> Real:
    """Q_c / W of a refrigerator; nan in the other regimes.

    Args:
        work: W, done on the medium per cycle.
        heat_cold: Q_c.
        none: what counts as no work and no heat, see `rounding`.
    """
    return _ratio_where((work > none) & (heat_cold > none), heat_cold, work)


def power(work_output: Real, period: Real) -> Real:
    """Work delivered per time; nan for a cycle that takes no time.

    Args:
        work_output: W_out, delivered per cycle.
        period: the time of one cycle.
    """
    return _ratio_where(period > 0.0, work_output, period)


def carnot_efficiency(cold: Real, hot: Real) -> Real:
    """1 - T_c/T_h.

    Args:
        cold: T_c.
        hot: T_h.
    """
    return 1.0 - cold / hot


def curzon_ahlborn_efficiency(cold: Real, hot: Real) -> Real:
    """1 - sqrt(T_c/T_h) (Curzon and Ahlborn 1975).

    Args:
        cold: T_c.
        hot: T_h.
    """
    return 1.0 - jnp.sqrt(cold / hot)


def mean_temperature(heat: Real, entropy: Real, none: RealLike) -> Real:
    """The entropy-weighted mean <T_x> = Q_x / dS_x; nan where dS_x is 0 but for its error.

    Args:
        heat: Q_x, taken in over one contact.
        entropy: dS_x, gained there, in nats.
        none: what counts as no entropy, in nats.
    """
    return _ratio_where(jnp.abs(entropy) > none, heat, entropy)


def entropy_error(error: Real, dimension: int) -> Real:
    """What the entropy of a state may be off by, T ln(d - 1) - T ln T - (1 - T) ln(1 - T).

    T = d error / 2 bounds the trace distance to the state that is meant; at most ln d.

    Args:
        error: what any element of the state may be off by.
        dimension: d.

    Source: Fannes, Commun. Math. Phys. 31, 291 (1973); Audenaert, J. Phys. A 40, 8127 (2007).
    """
    least = jnp.finfo(error.dtype).eps
    distance = jnp.clip(0.5 * dimension * error, least, 1.0 - 1.0 / dimension)
    mixed = jax.scipy.special.entr(distance) + jax.scipy.special.entr(1.0 - distance)
    return jax.lax.stop_gradient(distance * jnp.log(max(dimension - 1, 1)) + mixed)


def largest(slopes: Any) -> Real:
    """The largest modulus of any number in a PyTree.

    Args:
        slopes: derivatives of a figure by what has one error together.
    """
    sizes = [jnp.max(jnp.abs(leaf), initial=0.0) for leaf in jax.tree.leaves(slopes)]
    return jnp.max(jnp.stack([jnp.zeros(()), *sizes]))


def off_by(slopes: Inexact[Array, "..."], error: Real) -> Real:
    """sum |slopes| error; 0 where the slopes are, also where the error is not finite.

    Args:
        slopes: derivatives of a figure by what has an error each.
        error: theirs.
    """
    size = jnp.abs(slopes).sum()
    return jnp.where(size == 0.0, 0.0, size * error)


def temperature_identity_residual(
    eta: Real, means: tuple[Real, Real], entropies: tuple[Real, Real]
) -> Real:
    """eta - (1 - (<T_c>|dS_c|)/(<T_h> dS_h)), the identity T3 with its entropy factor.

    Args:
        eta: the efficiency.
        means: (<T_c>, <T_h>).
        entropies: (dS_c, dS_h), in nats.
    """
    taken = means[1] * entropies[1]
    return eta - (1.0 - _ratio_where(taken != 0.0, means[0] * jnp.abs(entropies[0]), taken))


@eqx.filter_jit
def spohn_production(
    strokes: Sequence[AbstractStroke],
    states: Sequence[Operator],
    bath_heats: Sequence[Float[Array, " _"]],
) -> Real:
    """Spohn's production per cycle, -sum_k Q_k / T_k (the entropy change is 0), eq. (14).

    Args:
        strokes: of a cycle.
        states: at the start of each.
        bath_heats: per stroke its heats, (baths,).

    Returns:
        In nats; nan where a bath without a temperature carries heat, or where one has a `reference`
        of its own, whose flux is not known from heats. A collision adds what Esposito, Lindenberg
        and Van den Broeck count as produced, D(rho'_SA || rho'_S x tau).
    """
    fluxes = [
        stroke.entropy_flux(rho, heats)
        for stroke, rho, heats in zip(strokes, states, bath_heats, strict=True)
    ]
    return -sum(fluxes, jnp.zeros(()))


def regime_code(work_output: Real, heat_hot: Real, heat_cold: Real, none: Real) -> Array:
    """The regime as an index into `REGIMES`, traceable.

    engine: work comes out and heat goes in while hot; refrigerator: work goes in and heat is taken
    in while cold; heater: work goes in and no heat; accelerator: work goes in and speeds heat up
    from hot to cold; none: no work either way.

    Args:
        work_output: W_out, delivered per cycle.
        heat_hot: Q_h.
        heat_cold: Q_c.
        none: what counts as no work and no heat, see `rounding`.
    """
    driven = work_output < -none
    return jnp.select(
        [
            is_engine(work_output, heat_hot, none),
            driven & (heat_cold > none),
            driven & (heat_hot <= none) & (heat_cold <= none),
            driven & (heat_hot > none) & (heat_cold <= none),
        ],
        list(jnp.arange(4)),
        4,
    )


def regime(code: Array) -> str:
    """The word for a regime.

    Args:
        code: a concrete index into `REGIMES`.

    Raises:
        ValueError: traced or batched.
    """
    if not is_concrete(code) or code.ndim:
        raise ValueError("`regime` is a word for one concrete machine; use `regime_code`.")
    return REGIMES[int(code)]


def _ratio_where(exists: Bool[Array, ""], numerator: Real, denominator: Real) -> Real:
    """numerator / denominator where it exists, nan elsewhere, with no nan in its derivative."""
    return jnp.where(exists, numerator / jnp.where(exists, denominator, 1.0), jnp.nan)


class AbstractBooks(eqx.Module):
    """Heats and works, and what they and all that follows from them may be off by."""

    @property
    @abc.abstractmethod
    def rounding(self) -> Real:
        """What counts as no work and no heat: what they may be off by."""

    @abc.abstractmethod
    def propagated(self, slopes: Any) -> Real:
        """What errors of heats, works and the like make of a figure, to first order.

        Args:
            slopes: derivatives of the figure by every field of the solution, in its place.
        """

    def error_of(self, figure: Any) -> Real:
        """What a figure of merit may be off by: sum_x |d figure/d x| error(x), to first order.

        x are the work and the heats, which may be off by `rounding`, and the entropies of a
        `CycleSolution`; parameters count as exact. (1 + eta) `rounding` / Q_h for the efficiency:
        large where heats are small beside the energies, as with baths that are cold beside the gap.

        Args:
            figure: the name of a property, as "efficiency", or a function of the solution.

        Returns:
            A scalar >= 0, in the unit of the figure (not differentiated); nan where the figure is.

        Raises:
            ValueError: a name that is none, or what is no real scalar; what the figure raises.
        """
        if not isinstance(figure, str):
            check_takes("figure", figure, self)
        elif figure not in (*dir(type(self)), *vars(self)):
            raise ValueError(f"`figure` must be a property of the solution, got {figure!r}.")
        return _error_of(self, figure)


class AbstractFiguresOfMerit(AbstractBooks):
    """Figures of merit of a machine, from its work and its heats by name, per cycle or per time.

    Pairs are (cold, hot). What speaks of hot and cold raises a `ValueError` where contacts have
    names, but not these.
    """

    @property
    @abc.abstractmethod
    def named_heats(self) -> dict[str, Real]:
        """The heat taken in from each contact, by its name."""

    @property
    @abc.abstractmethod
    def work(self) -> Real:
        """W: work done on the medium."""

    @property
    @abc.abstractmethod
    def temperatures(self) -> tuple[Real, Real]:
        """Bath temperatures (cold, hot); nan where baths of one name do not agree."""

    @property
    def heat_hot(self) -> Real:
        """Q_h: heat taken in from the contact "hot"; 0 if there is none."""
        return self.named_heats.get("hot", jnp.zeros(()))

    @property
    def heat_cold(self) -> Real:
        """Q_c: heat taken in from the contact "cold" (negative for an engine), 0 if none."""
        return self.named_heats.get("cold", jnp.zeros(()))

    @property
    def work_output(self) -> Real:
        """W_out = -W: work delivered."""
        return -self.work

    @property
    def efficiency(self) -> Real:
        """eta = W_out / Q_h by the first law; nan unless both are positive, eq. (19).

        Raises:
            ValueError: contacts have names, but none is "hot"; see `efficiency_from`.
        """
        check_names("efficiency", self.named_heats, ("hot",))
        return efficiency(self.work_output, self.heat_hot, self.rounding)

    @property
    def coefficient_of_performance(self) -> Real:
        """Q_c / W of a refrigerator; nan in the other regimes.

        Raises:
            ValueError: contacts have names, but none is "cold"; see `heat_ratio` for a machine that
                heat drives.
        """
        check_names("coefficient_of_performance", self.named_heats, ("cold",))
        return coefficient_of_performance(self.work, self.heat_cold, self.rounding)

    @property
    def carnot_efficiency(self) -> Real:
        """1 - T_c/T_h of the baths."""
        return carnot_efficiency(*self.temperatures)

    @property
    def curzon_ahlborn_efficiency(self) -> Real:
        """1 - sqrt(T_c/T_h) of the baths (Curzon and Ahlborn 1975)."""
        return curzon_ahlborn_efficiency(*self.temperatures)

    @property
    def regime_code(self) -> Array:
        """The regime as an index into `REGIMES`, traceable.

        Raises:
            ValueError: contacts have names, but not "cold" and "hot".
        """
        check_names("regime", self.named_heats, ("cold", "hot"))
        return regime_code(self.work_output, self.heat_hot, self.heat_cold, self.rounding)

    @property
    def regime(self) -> str:
        """engine (W_out > 0), refrigerator (Q_c > 0), heater (both Q <= 0), accelerator, or none.

        Raises:
            ValueError: traced or batched; use `regime_code` there.
        """
        return regime(self.regime_code)


@eqx.filter_jit
def _error_of(solution: Any, figure: Any) -> Real:
    def compute(solution: Any) -> Real:
        found = getattr(solution, figure) if isinstance(figure, str) else figure(solution)
        return as_scalar("figure", found)

    value, slopes = eqx.filter_value_and_grad(compute)(solution)
    error = jnp.where(jnp.isnan(value), jnp.nan, solution.propagated(slopes))
    return jax.lax.stop_gradient(error)
