"""Functions of states: entropies, coherence and correlations."""

from .coherence import (
    coherence as coherence,
    dephase as dephase,
)
from .correlations import (
    concurrence as concurrence,
    correlation_entropy as correlation_entropy,
    mutual_information as mutual_information,
    negativity as negativity,
    total_correlation as total_correlation,
)
from .entropy import (
    cross_entropy_rate as cross_entropy_rate,
    entropy as entropy,
    entropy_rate as entropy_rate,
    entropy_rate_analytic as entropy_rate_analytic,
    equilibrium_free_energy as equilibrium_free_energy,
    free_energy as free_energy,
    gibbs_divergence as gibbs_divergence,
    relative_entropy as relative_entropy,
)
