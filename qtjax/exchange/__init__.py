"""Objects of other tools in and out: QuTiP, dynamiqs, xarray, pandas, and files of one's own."""

from .files import (
    load as load,
    save as save,
)
from .qutip import (
    dissipator_from_qutip as dissipator_from_qutip,
    from_qutip as from_qutip,
    hamiltonian_from_qutip as hamiltonian_from_qutip,
    spectrum_from_qutip as spectrum_from_qutip,
    system_from_qutip as system_from_qutip,
    to_qutip as to_qutip,
)
