"""Every test runs in float64, with the types of every public signature checked at run time."""

import os
import tempfile

import jax
import jaxtyping

# programs that tests start in processes of their own share what they compile
CACHE = os.environ.setdefault("QTJAX_TEST_CACHE", tempfile.mkdtemp(prefix="qtjax-cache-"))
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", CACHE)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

jax.config.update("jax_enable_x64", True)
# most of the time of the suite is compilation
jax.config.update("jax_disable_most_optimizations", True)
jaxtyping.install_import_hook("qtjax", "beartype.beartype")
