"""The paper's classical example: two rods that exchange heat at their border, cell by cell.

Every cell has heat capacity 1 and a temperature, so S_cell = ln T, and heat flows by Fourier's law,
k (T_j - T_i) between neighbours. The border between the rods is one such contact. In each rod the
contact's heat divided by the temperature of the cell in contact is exterior (eq. 1), conduction
between its own cells is interior (eqs. 2 and 3): the split that the paper starts from.

Temperatures obey a linear equation, solved by diagonalization; all integrals are Gauss-Legendre
sums over its exact solution.
"""

import dataclasses

import numpy as np

RODS = "two classical rods of 12 cells, T_A < T_B, heat through one border"


@dataclasses.dataclass(frozen=True)
class Rods:
    """Two rods of equal cells, A cold on the left, B hot on the right.

    Args:
        cells: in each rod.
        cold: initial temperature of A.
        hot: initial temperature of B.
        conductance: k inside the rods.
        contact: k at the border.
    """

    cells: int = 12
    cold: float = 0.4
    hot: float = 1.5
    conductance: float = 1.0
    contact: float = 0.3

    def temperatures(self, times: np.ndarray) -> np.ndarray:
        """The temperature of every cell, (times, 2 * cells)."""
        n = 2 * self.cells
        links = np.full(n - 1, self.conductance)
        links[self.cells - 1] = self.contact
        laplacian = np.zeros((n, n))
        for i, k in enumerate(links):
            laplacian[i : i + 2, i : i + 2] += k * np.array([[-1.0, 1.0], [1.0, -1.0]])
        rates, modes = np.linalg.eigh(laplacian)
        start = np.where(np.arange(n) < self.cells, self.cold, self.hot)
        return (np.exp(np.outer(times, rates)) * (modes.T @ start)) @ modes.T

    def entropy(self, temperatures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """S_A and S_B = sum of ln T over the cells of each rod."""
        logs = np.log(temperatures)
        return logs[..., : self.cells].sum(-1), logs[..., self.cells :].sum(-1)

    def rates(self, temperatures: np.ndarray) -> dict[str, np.ndarray]:
        """Exterior and interior entropy rates of both rods."""
        left, right = temperatures[..., : self.cells], temperatures[..., self.cells :]
        flow = self.contact * (right[..., 0] - left[..., -1])
        return {
            "exterior_a": flow / left[..., -1],
            "exterior_b": -flow / right[..., 0],
            "interior_a": self._conduction(left),
            "interior_b": self._conduction(right),
        }

    def integrals(self, end: float, panels: int = 400) -> dict[str, float]:
        """The rates integrated from 0 to `end`, eight Gauss nodes in each panel."""
        x, w = np.polynomial.legendre.leggauss(8)
        # panels that grow with time resolve the fast start
        edges = end * np.linspace(0.0, 1.0, panels + 1) ** 3
        middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
        nodes = (middle[:, None] + half[:, None] * x).ravel()
        weights = (half[:, None] * w).ravel()
        rates = self.rates(self.temperatures(nodes))
        return {name: float(weights @ values) for name, values in rates.items()}

    def _conduction(self, rod: np.ndarray) -> np.ndarray:
        """sum k (T_i - T_j)^2 / (T_i T_j) over the neighbours in one rod."""
        first, second = rod[..., :-1], rod[..., 1:]
        return (self.conductance * (first - second) ** 2 / (first * second)).sum(-1)
