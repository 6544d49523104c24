"""JAX's and Equinox's inner modules, in one place: all that qtjax uses beside their public surface.

Tested with jax 0.10.2, 0.11 and 0.12 and equinox 0.13.8. `Primitive`, `ShapedArray`, `ad`,
`batching` and `mlir` make primitives of our own (`numerics/lanes.py` says why no public way of
customizing a rule serves), `Tracer` tells traced values from concrete ones, `dce_jaxpr` finds what
a result depends on and `eval_jaxpr` computes it, `Literal` are the constants in a traced function,
`BCSR` is the sparse product, and `unvmap_any` keeps a branch a branch under `vmap`.
"""

from equinox.internal import unvmap_any as unvmap_any
from jax.core import ShapedArray as ShapedArray, Tracer as Tracer, eval_jaxpr as eval_jaxpr
from jax.experimental.sparse import BCSR as BCSR
from jax.extend.core import Literal as Literal, Primitive as Primitive
from jax.interpreters import ad as ad, batching as batching, mlir as mlir
from jax.interpreters.partial_eval import dce_jaxpr as dce_jaxpr
