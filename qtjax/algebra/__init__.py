"""Operators, states and maps: arrays in, arrays out."""

from .canonical import (
    CanonicalForm as CanonicalForm,
    canonical_form as canonical_form,
    canonical_form_of as canonical_form_of,
    traceless_basis as traceless_basis,
)
from .composite import (
    collective as collective,
    embed as embed,
    fermions as fermions,
    partial_trace as partial_trace,
    partial_transpose as partial_transpose,
    replace_part as replace_part,
    tensor as tensor,
)
from .divided_differences import (
    AbstractSpectralFunction as AbstractSpectralFunction,
    Exp as Exp,
    Log as Log,
    Sqrt as Sqrt,
)
from .hermitian_basis import (
    from_components as from_components,
    to_components as to_components,
)
from .levels import (
    eigenvalues as eigenvalues,
    group_levels as group_levels,
    level_projectors as level_projectors,
)
from .operators import (
    anticommutator as anticommutator,
    commutator as commutator,
    create as create,
    dag as dag,
    destroy as destroy,
    expectation as expectation,
    identity as identity,
    number as number,
    product as product,
    projector as projector,
    sigmax as sigmax,
    sigmay as sigmay,
    sigmaz as sigmaz,
    spin as spin,
)
from .spectral import (
    apply as apply,
    eigensystem as eigensystem,
    frechet as frechet,
)
from .states import (
    bloch_vector as bloch_vector,
    boltzmann as boltzmann,
    from_bloch as from_bloch,
    ket as ket,
    maximally_mixed as maximally_mixed,
    pure_state as pure_state,
    random_density_matrix as random_density_matrix,
    thermal_state as thermal_state,
    truncation_population as truncation_population,
)
from .superoperators import (
    dissipator_superoperator as dissipator_superoperator,
    hamiltonian_superoperator as hamiltonian_superoperator,
    sandwich as sandwich,
)
