"""Drawing leaves Matplotlib as the user has set it."""

import subprocess
import sys

CODE = """
import sys
import matplotlib
matplotlib.use("svg")
import qtjax as qt
assert "matplotlib" in sys.modules and "qtjax.plots" not in sys.modules
assert callable(qt.plots.entropy_books)
import qtjax.app.engine_figures, qtjax.app.paper_figures
assert "matplotlib.pyplot" not in sys.modules
from qtjax.app.html import svg
from qtjax.app.paper_figures import figure_4
assert svg(figure_4(None), "words").startswith("<svg")
assert "matplotlib.pyplot" not in sys.modules
assert matplotlib.get_backend() == "svg"
"""


def test_importing_and_drawing_leave_the_backend_alone():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
