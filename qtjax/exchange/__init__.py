"""Objects of other tools in and out: QuTiP, dynamiqs, xarray, pandas, and files of one's own."""

from .dynamiqs import (
    from_dynamiqs as from_dynamiqs,
    to_dynamiqs as to_dynamiqs,
)
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
from .tables import (
    as_pairs as as_pairs,
    from_pairs as from_pairs,
    to_pandas as to_pandas,
    to_xarray as to_xarray,
)
