"""Let a module that is named after its one function be called like it.

`transferlab.stages` is a module, and Python puts it in the package under that name whenever it is imported; the same
name is also the verb that students type. So the module answers calls: `transferlab.stages(model)` and
`transferlab.stages.cut_points(model)` both work, in whatever order things were imported.
"""

import inspect
import sys
from collections.abc import Callable
from types import ModuleType


def make_callable(module_name: str, function: Callable) -> None:
    """Make a call of the module a call of `function`, with its signature and its help.

    >>> make_callable(__name__, stages)
    """

    class CallableModule(ModuleType):
        def __call__(self, *args, **kwargs):
            return function(*args, **kwargs)

    module = sys.modules[module_name]
    module.__class__ = CallableModule
    module.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
