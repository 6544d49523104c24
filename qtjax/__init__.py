"""qtjax: differentiable quantum thermodynamics in JAX.

The nouns, and what programs are made of, stand here; everything else is reached by its floor:
`qtjax.thermodynamics.spohn_production`, `qtjax.models.LorentzianDamping`.

Units: hbar = k_B = 1, natural logarithms. Signs: Q > 0 into the system, W > 0 done on it.
For quoted results enable float64: `jax.config.update("jax_enable_x64", True)`.
"""

import importlib as _importlib
import typing as _typing

from . import (
    algebra as algebra,
    design as design,
    dynamics as dynamics,
    exchange as exchange,
    information as information,
    machines as machines,
    models as models,
    thermodynamics as thermodynamics,
    units as units,
)
from ._compilation_cache import enable_compilation_cache as enable_compilation_cache
from ._results import (
    RESULTS as RESULTS,
    SolverError as SolverError,
    solve_again as solve_again,
)
from .algebra import (
    create as create,
    dag as dag,
    destroy as destroy,
    embed as embed,
    expectation as expectation,
    identity as identity,
    ket as ket,
    number as number,
    partial_trace as partial_trace,
    pure_state as pure_state,
    sigmax as sigmax,
    sigmay as sigmay,
    sigmaz as sigmaz,
    spin as spin,
    tensor as tensor,
    thermal_state as thermal_state,
)
from .design import (
    Bounded as Bounded,
    Positive as Positive,
    objective as objective,
    optimize as optimize,
    sweep as sweep,
)
from .dynamics import (
    AbstractDissipator as AbstractDissipator,
    AbstractHamiltonian as AbstractHamiltonian,
    AbstractMethod as AbstractMethod,
    AbstractSchedule as AbstractSchedule,
    AbstractSpectrum as AbstractSpectrum,
    AdiabaticBath as AdiabaticBath,
    Channel as Channel,
    Constant as Constant,
    DaviesBath as DaviesBath,
    Diffrax as Diffrax,
    Driven as Driven,
    DrudeLorentz as DrudeLorentz,
    Exact as Exact,
    Flat as Flat,
    Fourier as Fourier,
    Lindblad as Lindblad,
    Linear as Linear,
    LocalBath as LocalBath,
    Magnus as Magnus,
    Moving as Moving,
    Ohmic as Ohmic,
    OpenSystem as OpenSystem,
    PiecewiseConstant as PiecewiseConstant,
    Polynomial as Polynomial,
    Ramp as Ramp,
    Smooth as Smooth,
    Solution as Solution,
    Spline as Spline,
    Static as Static,
    Tabulated as Tabulated,
    Taylor as Taylor,
    Unitary as Unitary,
    composite_system as composite_system,
    evolve as evolve,
    steady_state as steady_state,
)
from .information import (
    entropy as entropy,
    mutual_information as mutual_information,
)
from .machines import (
    Cycle as Cycle,
    Stroke as Stroke,
    limit_cycle as limit_cycle,
    otto_cycle as otto_cycle,
)
from .thermodynamics import (
    accountings as accountings,
    ergotropy as ergotropy,
    finite_reservoirs as finite_reservoirs,
    generalized_temperature as generalized_temperature,
    rates as rates,
    temperatures as temperatures,
)

__version__ = "0.2.0"

if _typing.TYPE_CHECKING:
    from . import plots as plots
else:  # a type checker would take any name for one of this function's

    def __getattr__(name: str):
        if name == "plots":  # on Matplotlib, which is optional and takes long to import
            return _importlib.import_module(".plots", __name__)
        floors = (algebra, information, dynamics, models, thermodynamics, machines, design)
        for floor in floors:
            if not name.startswith("_") and name in vars(floor):
                raise AttributeError(f"qtjax.{name} is now {floor.__name__}.{name}")
        raise AttributeError(f"module 'qtjax' has no attribute {name!r}")
