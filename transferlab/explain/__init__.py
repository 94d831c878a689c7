"""See inside a network: its filters, its activations, what an answer rests on, how far each stage has drifted.

    >>> from transferlab.explain import explain
    >>> explain(load("bundled"), images, method="grad_cam")

`attribution.py` holds `explain` itself, `methods.py` its methods, `checks/` what keeps them honest.
"""

from transferlab.callable_module import make_callable
from transferlab.explain.attribution import Attribution, explain
from transferlab.explain.methods import METHODS

__all__ = ["METHODS", "Attribution", "explain"]

make_callable(__name__, explain)
