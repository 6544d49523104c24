"""The books: rates, accountings of irreversibility, temperatures, work."""

from .accounting_records import (
    ACCOUNTINGS as ACCOUNTINGS,
    AccountingRecord as AccountingRecord,
    Trajectory as Trajectory,
)
from .accountings import (
    Accounting as Accounting,
    accounting_table as accounting_table,
    accountings as accountings,
)
from .conditions import (
    Condition as Condition,
    Conditions as Conditions,
    measure_conditions as measure_conditions,
)
from .entropy_based import (
    EntropyBasedExchange as EntropyBasedExchange,
    EntropyBasedRates as EntropyBasedRates,
    entropy_based_exchange as entropy_based_exchange,
    entropy_based_rates as entropy_based_rates,
)
from .erasure import (
    ErasureLedger as ErasureLedger,
    von_neumann_ledger as von_neumann_ledger,
)
from .ergotropy import (
    ErgotropySplit as ErgotropySplit,
    copies_ergotropy as copies_ergotropy,
    ergotropy as ergotropy,
    ergotropy_split as ergotropy_split,
    local_ergotropy as local_ergotropy,
    passive_state as passive_state,
)
from .findings import (
    Audit as Audit,
    Finding as Finding,
)
from .local_unitaries import (
    LocalUnitary as LocalUnitary,
    best_local_unitary as best_local_unitary,
)
from .mean_force import (
    mean_force_free_energy as mean_force_free_energy,
    mean_force_hamiltonian as mean_force_hamiltonian,
    mean_force_state as mean_force_state,
    ultrastrong_state as ultrastrong_state,
)
from .optimal_erasure import (
    OptimalErasure as OptimalErasure,
    optimal_erasure as optimal_erasure,
)
from .parts import (
    PartRates as PartRates,
    internal_coupling as internal_coupling,
    part_rates as part_rates,
)
from .production import (
    BathRates as BathRates,
    CoherenceSplit as CoherenceSplit,
    adiabatic_production as adiabatic_production,
    bath_rates as bath_rates,
    coherence_split as coherence_split,
    deffner_lutz_closed as deffner_lutz_closed,
    deffner_lutz_open as deffner_lutz_open,
    fixed_point_production as fixed_point_production,
    free_energy_production as free_energy_production,
    spohn_production as spohn_production,
    spohn_total as spohn_total,
)
from .rates import (
    Rates as Rates,
    energy as energy,
    entropy_fluxes as entropy_fluxes,
    rates as rates,
    thermal_entropy_flux as thermal_entropy_flux,
)
from .reservoirs import (
    FiniteReservoirs as FiniteReservoirs,
    finite_reservoirs as finite_reservoirs,
)
from .state_temperatures import (
    Temperatures as Temperatures,
    covariance_beta as covariance_beta,
    energy_beta as energy_beta,
    entropy_beta as entropy_beta,
    gradient_beta as gradient_beta,
    population_beta as population_beta,
    spectral_beta as spectral_beta,
    temperatures as temperatures,
)
from .temperature import (
    GeneralizedTemperature as GeneralizedTemperature,
    TemperatureStatus as TemperatureStatus,
    generalized_temperature as generalized_temperature,
    interval_temperature as interval_temperature,
)
