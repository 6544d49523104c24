"""What the two layouts of lanes have in common, and the interface that the steps know.

Two layouts. `rows.RowProducts` (few entries): every component is a row of lanes, every entry of the
generator is merged over all its terms once per step, structural zeros do not exist, and all orders
are written out. `blocks.BlockProducts`: a loop over the orders, in which the matrices act one by
one on all components, as one sparse product where their places are known and few, else as dense
ones.
"""

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxtyping import Array

from .equation import LinearEquation
from .polynomials import Polynomial, derived, times

FEW_LANES = 16  # below which programs are kept small: they take longest to compile
TERM_RATIO = 0.2  # of successive terms where a step ends, about (e/order) log of the tolerance


class AbstractLayout(abc.ABC):
    """How the components and books of all lanes are kept, and the series of a step.

    `margin` is the share of the estimated best length that the next step takes.
    """

    margin: float

    @abc.abstractmethod
    def prepare(self, matrices: list[Array], rows: list[Array]) -> "Prepared":
        """The values of matrices and rows of vectors, (places, lanes or 1) each."""

    @abc.abstractmethod
    def join(self, x: Array, books: Sequence[Array]) -> Any:
        """Components (n, lanes) and books (lanes,) in this layout."""

    @abc.abstractmethod
    def split(self, x: Array) -> Any:
        """A state with empty books."""

    @abc.abstractmethod
    def stack(self, y: Any) -> list[Array]:
        """The components (n, lanes), and every book, (lanes,)."""

    @abc.abstractmethod
    def pairs(self, y: Any) -> Any:
        """As it is carried through a loop."""

    @abc.abstractmethod
    def apart(self, pairs: Any) -> Any:
        """The inverse of `pairs`."""

    @abc.abstractmethod
    def kept(self, y: Any) -> tuple[Array, ...]:
        """What of the state decides the steps that follow."""

    @abc.abstractmethod
    def restored(self, kept: tuple[Array, ...], like: Any) -> Any:
        """The inverse of `kept`; what it left out is as in `like`."""

    @abc.abstractmethod
    def largest(self, y: Any) -> Array:
        """The largest component of the state, (lanes,)."""

    @abc.abstractmethod
    def series(
        self, prepared: "Prepared", polynomials: list[Polynomial], span: Array, y: Any, order: int
    ) -> Any:
        """The series of a step from y, for `sum` and `tail`."""

    @abc.abstractmethod
    def flow(
        self, prepared: "Prepared", polynomials: list[Polynomial], span: Array, y: Any, order: int
    ) -> Any:
        """y(1), for reverse mode."""

    @abc.abstractmethod
    def share(self, growth: Array) -> Array:
        """How far a step is taken whose length may change by a factor."""

    @abc.abstractmethod
    def sum(self, terms: Any, u: Array) -> Any:
        """y(u)."""

    @abc.abstractmethod
    def tail(self, terms: Any, order: int, units: Array) -> Array:
        """The size of the last term at u = 1, also as judged by the one before it.

        Books count in their `units`, (lanes,).
        """


class Prepared(NamedTuple):
    """Values of the matrices and rows, as the layout wants them; those of sparse ones apart."""

    matrices: Any
    rows: Any
    sparse: Any = None


def products_per_order(equation: LinearEquation, degrees: Sequence[int]) -> int:
    """How many products of scalars one order costs in rows; `degrees` in u of the functions."""
    lags: dict[Any, int] = {}
    for j, matrix in equation.matrices:
        for place in matrix.places:
            lags[place] = max(lags.get(place, 0), degrees[j] + 1)
    for row in equation.rows:
        degree = sum(degrees[j] - derivative for j, derivative in row.factors)
        for _, column in row.vector.places:
            place = "book", row.book, column
            lags[place] = max(lags.get(place, 0), degree + 1)
    return sum(lags.values())


def row_polynomials(equation: LinearEquation, polynomials: list[Any], span: Array) -> list[Any]:
    """span * (product of factors) of every row of the books, as polynomials in u of the kind of
    those that are given: lists, or arrays (orders, lanes)."""
    found = []
    for row in equation.rows:
        product: Any = [span] if isinstance(polynomials[0], list) else span[None]
        for j, derivative in row.factors:
            factor = polynomials[j]
            product = times(product, derived(factor, span) if derivative else factor)
        found.append(product)
    return found
