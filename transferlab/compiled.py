"""torch.compile for the part that trains, for those who ask for it; without a working compiler the run goes on as ever.

    answer = Compiler("cuda", wanted=True)(model)
    answer(x)                                        # what model(x) gives, to rounding

On a GPU the compiled part is recorded as CUDA graphs (`mode="reduce-overhead"`), which spares small networks the time
between two kernels. Only the function that training images go through is compiled: the model in its caller's hands
stays the module that it was, under the same names, and measuring it runs as before. Dropout draws other numbers than
without, hooks that are put on afterwards are not seen, and each new freeze line compiles anew. Left out: compiling the
frozen part, which runs once an image, and the optimizer, which is one fused kernel already.
"""

import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch import Tensor


class Compiler:
    """Makes functions of one batch quicker; where that fails, says so once and gives them back as they were.

        >>> compiler = Compiler("cuda", wanted=True)
        >>> answer = compiler(model)

    `wanted=False` gives everything back as it is. `backend` is torch.compile's.
    """

    def __init__(self, device: str, wanted: bool, backend: str = "inductor") -> None:
        self.on_gpu = torch.device(device).type == "cuda"
        self.wanted, self.backend = wanted, backend

    def __call__(self, answering: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
        """The function, compiled at its first batch."""
        if not self.wanted:
            return answering
        mode = "reduce-overhead" if self.on_gpu and self.backend == "inductor" else None

        # A function around it, since torch would wrap a module in another, under other names, and a half is no module.
        def plain(x: Tensor) -> Any:
            return answering(x)

        quick = torch.compile(_with_own_code(plain), backend=self.backend, mode=mode)

        def answer(x: Tensor) -> Any:
            if self.wanted:
                try:
                    torch.compiler.cudagraph_mark_step_begin()  # the last batch's answers are no longer needed
                    return quick(x)
                except torch.OutOfMemoryError:
                    raise  # a smaller batch is the answer to that
                except Exception as error:  # compilers fail in more ways than can be named
                    self._give_up(error)
            return answering(x)

        return answer

    def _give_up(self, error: Exception) -> None:
        self.wanted = False
        reason = " ".join(str(error).split("\n")[:2])  # what failed, and why; then come pages of advice
        warnings.warn(
            f"torch.compile failed here, and the run goes on without it: {type(error).__name__}: {reason}", stacklevel=4
        )


def _with_own_code(function: Any) -> Any:
    """The same function under a code object of its own.

    What torch compiled it keeps by code object, eight to each; all runs of a process together would soon have had them.
    """
    code = function.__code__.replace()
    return FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
