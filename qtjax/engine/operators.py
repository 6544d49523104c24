"""The operators of an engine file: names, sums of names, Pauli strings and matrices."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import as_scalar, check_count, check_instance, described
from ..algebra.composite import tensor
from ..algebra.operators import create, destroy, identity, number, sigmax, sigmay, sigmaz, spin
from .tables import EngineError, EngineTable, SteadyTable


@checked
def operator_from(entry: Any, d: int, coefficients: dict[str, Any] | None = None) -> Any:
    """An operator from a name, a sum {name: coefficient} or a matrix.

    Args:
        entry: what stands in the file.
        d: dimension of the Hilbert space.
        coefficients: values that replace some of the sum's.

    Returns:
        Operator, (d, d).

    Raises:
        EngineError: an unknown name, coefficients of what is not in the sum, or a matrix whose
            entries are not numbers.
    """
    if isinstance(entry, str):
        return named_operator(entry, d)
    if isinstance(entry, dict):
        given = {} if coefficients is None else coefficients
        check_instance("coefficients", given, dict, "a dictionary by the names of operators")
        if not entry or (unknown := [name for name in given if name not in entry]):
            what = f"a coefficient of {unknown[0]!r}" if entry else "no operators"
            raise EngineError(f"found {what}, expected some of a sum such as {{sigmaz = 0.5}}")
        values = {name: as_scalar(f"entry[{name!r}]", value) for name, value in entry.items()}
        values |= {k: as_scalar(f"coefficients[{k!r}]", value) for k, value in given.items()}
        terms = [values[name] * named_operator(name, d) for name in entry]
        return sum(terms[1:], terms[0])
    rows = isinstance(entry, list) and entry and all(isinstance(row, list) for row in entry)
    if not rows:
        raise EngineError(
            f"found {described(entry)}, expected the name of an operator, a sum of some, or a "
            "matrix as a list of rows"
        )
    if any(len(row) != len(entry) for row in entry):
        raise EngineError(f"found rows of length {[len(row) for row in entry]}, expected a square")
    return jnp.asarray(np.array([[_number(value) for value in row] for row in entry]))


@checked
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
    check_count("d", d)
    paulis = {"X": sigmax, "Y": sigmay, "Z": sigmaz, "I": lambda: identity(2)}
    if name and set(name) <= set(paulis) and 2 ** len(name) == d:
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


def _number(value: Any) -> complex:
    try:
        if isinstance(value, bool):
            raise TypeError
        return complex(value.replace(" ", "")) if isinstance(value, str) else complex(value)
    except (ValueError, TypeError):
        raise EngineError(
            f'found the entry {value!r}, expected a number or a string such as "0.1-0.2j"'
        ) from None
