"""Every test runs in float64, with the types of every public signature checked at run time."""

import jax
import jaxtyping

jax.config.update("jax_enable_x64", True)
jaxtyping.install_import_hook("qtjax", "beartype.beartype")
