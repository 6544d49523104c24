"""The method for systems in which nothing dissipates: their states keep their spectrum."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import described
from .._types import Real
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import product
from ..algebra.spectral import adjoint, eigensystem
from ..numerics.equation import LinearEquation
from .methods import AbstractMethod, Integrated, Problem, Taylor


class Unitary(AbstractMethod):
    """The steps of another method, and every state with the spectrum of the first.

    The default without baths. What the steps do to the eigenvalues is an error: it counts as one,
    and is taken back, so that entropies stay as they are to rounding at any tolerance. Derivatives
    are those of the steps.

    Args:
        steps: the other method.

    Raises:
        ValueError: `steps` that are no method.

    Examples:
        >>> system = qt.OpenSystem(qt.Driven([(qt.Linear(0.0, 1.0), qt.sigmax())]))
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0], rtol=1e-4)
        >>> solution.method, solution.ledger.entropy[-1] < 1e-14
        ('unitary', True)
    """

    name: ClassVar[str] = "unitary"
    steps: AbstractMethod = Taylor()

    def __check_init__(self):
        if not isinstance(self.steps, AbstractMethod):
            raise ValueError(
                f"`steps` must be a method, `qt.Taylor()` or `qt.Diffrax(solver)`, got "
                f"{described(self.steps)}."
            )

    def why_not(self, equation: LinearEquation) -> str | None:
        return "it has baths" if equation.books > 1 else self.steps.why_not(equation)

    def integrate(self, equation: LinearEquation, problem: Problem) -> Integrated:
        found = self.steps.integrate(equation, problem)
        missed, drift = jax.lax.stop_gradient(_missed(found.xs))
        return found._replace(xs=found.xs + missed, error=jnp.maximum(found.error, drift))


def _missed(xs: Float[Array, "edges n"]) -> tuple[Float[Array, "edges n"], Real]:
    """What takes states to the nearest ones with the spectrum of the first, and its size.

    The nearest ones have the same eigenvectors: Wielandt and Hoffman, Duke Math. J. 20, 37 (1953).
    """
    states = jax.vmap(from_components)(xs)
    levels, vectors = eigensystem(states)
    missing = levels[0] - levels
    change = product(vectors * missing[:, None, :], adjoint(vectors))
    reached = jnp.all(jnp.isfinite(xs), axis=1, keepdims=True)  # by the steps
    return (
        jnp.where(reached, jax.vmap(to_components)(change), 0.0),
        jnp.max(jnp.where(reached, jnp.abs(missing), 0.0)),
    )
