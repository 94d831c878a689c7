"""The public names of transferlab on one page, in MyST Markdown, made from their signatures and docstrings.

Our docstrings are plain text with `code` in backticks and indented examples, which is Markdown but for the examples
that begin with >>> and the section "Raises:". Left out: what is not in `__all__`, and what a class inherits.
"""

import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import transferlab

INTRODUCTION = """# Public names

`import transferlab as tl` gives these; everything loads when it is first used. More lies in the modules that the
lessons import from, such as `transferlab.explain` and `transferlab.experiments`: type `help(…)` there.
"""
GROUPS = {
    "Models": ("load", "save", "fetch", "available"),
    "Images": ("ImageSet", "Splits", "folder", "folder_splits", "torchvision_set", "worlds"),
    "Stages, freezing and rates": (
        "stages", "cut_points", "freeze", "freeze_to", "unfreeze", "replace_head", "lr_groups", "update_groups",
    ),
    "Training": (
        "train", "fit", "Control", "Run", "Recipe", "feature_extraction", "fine_tuning", "gradual_unfreezing",
        "from_scratch", "lr_find",
    ),
    "Looking": ("predict", "remember", "layer_probes", "explain", "Lab"),
}  # fmt: skip


def page() -> str:
    """The whole page.

    Raises:
        SystemExit: a public name stands in no group, or a group names what is not public.
    """
    grouped = [name for names in GROUPS.values() for name in names]
    if sorted(grouped) != sorted(transferlab.__all__):
        raise SystemExit(
            f"GROUPS in api_page.py and transferlab.__all__ differ: {set(grouped) ^ set(transferlab.__all__)}."
        )
    parts = [INTRODUCTION]
    for title, names in GROUPS.items():
        parts.append(f"## {title}")
        parts += [entry(f"transferlab.{name}", getattr(transferlab, name)) for name in names]
    return "\n\n".join(parts) + "\n"


def entry(name: str, thing: Any) -> str:
    """One name with its signature, its words and, of a class, its own methods.

    >>> print(entry("transferlab.freeze", transferlab.freeze))
    """
    if isinstance(thing, ModuleType) and callable(thing):
        thing = getattr(thing, name.rpartition(".")[2])  # a module that can be called like the function in it
    if isinstance(thing, ModuleType):
        functions = [one for one in thing.__all__ if inspect.isfunction(getattr(thing, one))]
        parts = [markdown(inspect.getdoc(thing) or "")]
        parts += [entry(f"{name}.{one}", getattr(thing, one)) for one in functions]
        return "\n\n".join(parts)
    kind = "class" if inspect.isclass(thing) else "function"
    body = [markdown(inspect.getdoc(thing) or "")]
    if kind == "class":
        body += [_member(one, value) for one, value in vars(thing).items() if _is_own(one, value)]
    return _directive(kind, name + signature(thing), "\n\n".join(body), "::::")


def _is_own(name: str, value: Any) -> bool:
    described = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    return not name.startswith("_") and inspect.isfunction(described) and bool(described.__doc__)


def _member(name: str, value: Any) -> str:
    if isinstance(value, property):
        return _directive("property", name, markdown(inspect.getdoc(value) or ""))
    kind = "classmethod" if isinstance(value, classmethod) else "method"
    function = getattr(value, "__func__", value)
    return _directive(kind, name + signature(function, bound=True), markdown(inspect.getdoc(function) or ""))


def _directive(kind: str, head: str, body: str, fence: str = ":::") -> str:
    return f"{fence}{{py:{kind}}} {head}\n\n{body}\n{fence}"


def signature(thing: Callable[..., Any], bound: bool = False) -> str:
    """How it is called, with the types as their last names: '(model: Module, *names: str)'.

    >>> signature(transferlab.stages)
    '(model: Module) -> Stages'
    """
    found, empty = inspect.signature(thing), inspect.Signature.empty
    parameters = [
        one.replace(
            annotation=empty if one.annotation is empty else _Type(one.annotation),
            default=empty if one.default is empty else _Default(one.default),
        )
        for one in list(found.parameters.values())[1 if bound else 0 :]
    ]
    without = inspect.isclass(thing) or found.return_annotation is empty
    gives = empty if without else _Type(found.return_annotation)
    return str(found.replace(parameters=parameters, return_annotation=gives))


class _Type:
    """A type as people write it; what formats signatures asks for `repr`."""

    def __init__(self, annotation: Any) -> None:
        text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
        self.text = re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)

    def __repr__(self) -> str:
        return self.text


class _Default(_Type):
    """A default value; one that has no short way to write it is told by its type."""

    def __init__(self, value: Any) -> None:
        self.text = f"{type(value).__name__}()" if repr(value).startswith("<") else repr(value)


def markdown(docstring: str) -> str:
    """A docstring of ours as Markdown: examples become boxes, and "Raises:" a line for each error.

    >>> markdown("Load it.\\n\\n>>> load()\\n\\nRaises:\\n    ValueError: no such name.")
    'Load it.\\n\\n```pycon\\n>>> load()\\n```\\n\\nRaises `ValueError`: no such name.'
    """
    blocks, raises = [], False
    for block in re.split(r"\n{2,}", docstring.strip()):
        lines = block.splitlines()
        if lines[0] in ("Raises:", "Returns:", "Args:"):
            assert lines[0] == "Raises:", "our docstrings have no such section"
            blocks.append(_raises("\n".join(lines[1:])))
            raises = True
        elif lines[0].startswith(">>>") or all(line.startswith("    ") for line in lines):
            example = inspect.cleandoc("\n".join(["", *lines]))
            before = blocks[-1] if blocks and blocks[-1].endswith("```") and not raises else ""
            language = "pycon" if example.startswith(">>>") else "python"
            if before.startswith(f"```{language}"):  # an example with an empty line in it
                blocks[-1] = f"{before[:-4]}\n\n{example}\n```"
            else:
                blocks.append(f"```{language}\n{example}\n```")
        else:
            blocks.append(block)
    return "\n\n".join(blocks)


def _raises(text: str) -> str:
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", text, flags=re.MULTILINE)
    return "\n\n".join(f"Raises `{error}`: {' '.join(why.split())}" for error, why in found)
