"""x' = (sum_j f_j(t) M_j + G(t)) x, with rows of books, for many lanes; no physics."""

from .equation import (
    DenseEquation as DenseEquation,
    FixedMatrix as FixedMatrix,
    LinearEquation as LinearEquation,
    Row as Row,
)
from .exponentials import (
    compose as compose,
    expm1 as expm1,
    taylor_expm1 as taylor_expm1,
)
from .krylov import EarlyGMRES as EarlyGMRES
from .null_space import (
    NullSpace as NullSpace,
    never_rests as never_rests,
    null_space as null_space,
)
from .null_vector import (
    NullVector as NullVector,
    null_vector as null_vector,
)
from .resolution import (
    Seen as Seen,
)
from .solvers import (
    Exponential as Exponential,
)
from .sparse import (
    SparseMatrix as SparseMatrix,
)
