"""The operators of an engine file: names, sums of names, Pauli strings and matrices."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..algebra.composite import tensor
from ..algebra.operators import create, destroy, identity, number, sigmax, sigmay, sigmaz, spin
from .tables import EngineError, EngineTable, SteadyTable


def operator_from(entry: Any, d: int, coefficients: dict[str, Any] | None = None) -> Any:
    """An operator from a name, a sum {name: coefficient} or a matrix.

    Args:
        entry: what stands in the file.
        d: dimension of the Hilbert space.
        coefficients: values that replace some of the sum's.

    Returns:
        Operator, (d, d).

    Raises:
        EngineError: an unknown name, or a matrix whose entries are not numbers.
    """
    if isinstance(entry, str):
        return named_operator(entry, d)
    if isinstance(entry, dict):
        values = entry | (coefficients or {})
        terms = [values[name] * named_operator(name, d) for name in entry]
        return sum(terms[1:], terms[0])
    if any(len(row) != len(entry) for row in entry):
        raise EngineError(f"found rows of length {[len(row) for row in entry]}, expected a square")
    return jnp.asarray(np.array([[_number(value) for value in row] for row in entry]))


def named_operator(name: str, d: int) -> Any:
    """The operator of that name in d dimensions.

    Args:
        name: sigmax, sigmay, sigmaz (d = 2), number, position (a + a^+), spinx, spiny, spinz
            (j = (d-1)/2), identity, or a Pauli string of IXYZ with one letter per qubit.
        d: dimension of the Hilbert space.

    Returns:
        Hermitian operator, (d, d).

    Raises:
        EngineError: an unknown name, or one that does not fit d.
    """
    paulis = {"X": sigmax, "Y": sigmay, "Z": sigmaz, "I": lambda: identity(2)}
    if set(name) <= set(paulis) and 2 ** len(name) == d:
        return tensor(*(paulis[letter]() for letter in name))
    qubit = {"sigmax": sigmax, "sigmay": sigmay, "sigmaz": sigmaz}
    if name in qubit and d == 2:
        return qubit[name]()
    if name in ("spinx", "spiny", "spinz"):
        return spin((d - 1) / 2, name[-1])
    general = {"number": number, "identity": identity}
    if name in general:
        return general[name](d)
    if name == "position":
        return destroy(d) + create(d)
    raise EngineError(
        f"found the operator {name!r}, expected for d = {d} one of "
        f"{'sigmax, sigmay, sigmaz, ' if d == 2 else ''}number, position, spinx, spiny, spinz, "
        "identity, or a Pauli string of I, X, Y, Z with one letter per qubit"
    )


def dimension_of(table: EngineTable | SteadyTable) -> int:
    """The dimension, from the first matrix or Pauli string; named qubit operators mean 2."""
    entries = [
        *table.hamiltonians.values(),
        *(c for b in table.baths.values() for c in b.couplings),
    ]
    for entry in entries:
        if isinstance(entry, list):
            return len(entry)
        for name in [entry] if isinstance(entry, str) else entry:
            if name and set(name) <= set("IXYZ"):
                return 2 ** len(name)
    return 2


def _number(value: float | str) -> complex:
    try:
        return complex(value.replace(" ", "")) if isinstance(value, str) else complex(value)
    except ValueError:
        raise EngineError(
            f'found the entry {value!r}, expected a number or a string such as "0.1-0.2j"'
        ) from None
