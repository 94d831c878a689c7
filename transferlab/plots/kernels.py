"""First-layer kernels as pictures, beside random and fine-tuned ones, and how edge-like they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from transferlab.explain.edges import FilterReport, KernelMeasures, measure_kernels
from transferlab.explain.filters import GREY, filter_grid, first_kernels
from transferlab.plots.sheets import tile
from transferlab.plots.style import COLOURS, alternative_text, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def kernel_grid(kernels: Tensor, title: str = "", columns: int | None = None, ax: Axes | None = None) -> Axes:
    """Kernels `(K, 3, h, w)` as small pictures, each scaled by its own largest weight; grey is 0.

    >>> kernel_grid(first_kernels(load("bundled")), "pretrained").figure.savefig("kernels.png")
    """
    sheet = filter_grid(kernels, columns)
    ax = ax or new_axes((4, 4 * sheet.shape[1] / sheet.shape[2] + 0.3))
    ax.imshow(sheet.permute(1, 2, 0).numpy(), interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(title, fontsize=11)
    count, _, height, width = kernels.shape
    named = f", {title}" if title else ""
    describe(ax, f"{count} first-layer kernels of {height} by {width} weights as colour pictures{named}.")
    return ax


def kernel_figure(networks: Mapping[str, nn.Module | Tensor], figure: Figure | None = None) -> Figure:
    """The kernels of several networks side by side, each with the share that is edge-like.

        >>> kernel_figure({"pretrained": model, "random": random_counterpart(model), "fine-tuned": tuned})

    Raises:
        ValueError: no network at all, or one that has no first kernels to show.
    """
    if not networks:
        raise ValueError("kernel_figure() shows networks by name, such as {'pretrained': model}; you gave none.")
    from matplotlib.figure import Figure

    shown = {name: one if isinstance(one, Tensor) else first_kernels(one) for name, one in networks.items()}
    figure = figure or Figure(figsize=(3.2 * len(shown), 3.9), dpi=130, layout="constrained")
    parts = []
    for ax, (name, kernels) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True):
        measured = measure_kernels(kernels)
        kernel_grid(kernels, f"{name}\n{measured.share:.0%} edge-like", ax=ax)
        parts.append(f"{name} {measured.share:.0%}")
    describe(figure, f"First-layer kernels side by side, with the share that is edge-like: {', '.join(parts)}.")
    return figure


def fitted_kernels(kernels: Tensor, count: int = 8, ax: Axes | None = None) -> Axes:
    """The `count` most edge-like kernels in the upper row, and below each the Gabor that fits it best.

        >>> fitted_kernels(first_kernels(load("bundled")))

    Both are scaled by the kernel's own largest weight, so that a poor fit looks pale.
    """
    measured = measure_kernels(kernels)
    order = torch.where(measured.dead, -1.0, measured.edge).argsort(descending=True, stable=True)[:count]
    pairs = torch.cat([kernels[order].cpu().float(), measured.fitted[order]])
    largest = kernels[order].cpu().abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-30).repeat(2, 1, 1, 1)
    # Own scales would flatter the fit; a bright weight is held at the kernel's own largest one.
    scaled = (pairs / largest).clamp(-1, 1)
    sheet = tile((scaled * GREY + GREY).round().to(torch.uint8), len(order), gap=4, scale=12)
    ax = ax or new_axes((min(9.0, 1.05 * len(order) + 0.8), 2.9))
    ax.imshow(sheet.permute(1, 2, 0).numpy(), interpolation="nearest")
    width, height = sheet.shape[2] / len(order), sheet.shape[1] / 2
    ax.set_xticks(
        [(i + 0.5) * width for i in range(len(order))],
        [f"{one:.0%}" for one in measured.edge[order].tolist()],
    )
    ax.set_yticks([0.5 * height, 1.5 * height], ["kernel", "its Gabor"])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("share of the kernel's variance that the Gabor explains")
    shares = ", ".join(f"{one:.0%}" for one in measured.edge[order].tolist())
    describe(
        ax,
        f"The {len(order)} most edge-like kernels and the Gabor that fits each best, which explains {shares} of its "
        "variance.",
    )
    return ax


def edge_likeness(report: FilterReport, ax: Axes | None = None) -> Axes:
    """Each kernel's edge-likeness over the limit that noise like it reaches, a dot each, beside random networks'.

    >>> edge_likeness(filter_report(load("bundled")))
    """
    ax = ax or new_axes((6.4, 5))
    ax.plot([0, 1], [0, 1], color="0.55", linewidth=1, linestyle=(0, (4, 2)))
    rows: list[tuple[str, KernelMeasures, str, str, float]] = [
        (f"random, {report.random_share[0]:.1%} edge-like", one, COLOURS[1], "s", 10) for one in report.random
    ]
    rows.append((f"this network, {report.measures.share:.0%} edge-like", report.measures, COLOURS[0], "o", 34))
    named = set()
    for name, measured, colour, marker, size in rows:
        for counts, filled in ((measured.edge_like, True), (~measured.edge_like, False)):
            here = counts & ~measured.dead
            ax.scatter(
                measured.limit[here].tolist(), measured.edge[here].tolist(), s=size, marker=marker, linewidths=0.9,
                facecolors=colour if filled else "none", edgecolors=colour, alpha=0.9 if size > 20 else 0.35,
                label=None if name in named else name,
            )  # fmt: skip
            named.add(name)
    ax.text(
        0.02, 0.97, "above the line: more edge-like\nthan 95 % of noise like it", va="top", color="0.35", fontsize=9,
        transform=ax.transAxes,
    )  # fmt: skip
    ax.set(
        xlim=(0, 1.02), ylim=(0, 1.02), xlabel="what noise as smooth and as grey reaches",
        ylabel="edge-likeness: variance explained by one Gabor", title=f"Are the kernels of '{report.layer}' edges?",
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower right", frameon=False, fontsize=9, title="filled: edge-like, and no blob", title_fontsize=9)
    median = report.measures.edge[~report.measures.dead].median().item()
    dead = f" {len(report.dead)} kernels are dead and not shown." if report.dead else ""
    describe(
        ax,
        f"Edge-likeness of {len(report.kernels)} kernels, median {median:.2f}: {report.measures.share:.0%} surpass "
        f"what noise as smooth and as grey reaches and what a blob explains; of the random kernels of "
        f"{len(report.random)} networks {report.random_share[0]:.1%} do.{dead}",
    )
    return ax


def colour_opponency(report: FilterReport, ax: Axes | None = None) -> Axes:
    """How much of each kernel's energy lies off the grey axis, as a histogram, this network's beside random ones.

    >>> colour_opponency(filter_report(load("bundled")))
    """
    ax = ax or new_axes((6.4, 3.6))
    edges = torch.linspace(0, 1, 21).tolist()
    own = report.measures.opponency[~report.measures.dead]
    random = torch.cat([one.opponency[~one.dead] for one in report.random])
    for values, name, colour, settings in (
        (random, "random", COLOURS[1], {"histtype": "step", "linewidth": 2, "linestyle": (0, (4, 2))}),
        (own, "this network", COLOURS[0], {"alpha": 0.75}),
    ):
        weights = [100 / max(1, len(values))] * len(values)
        ax.hist(
            values.tolist(), bins=edges, weights=weights, color=colour, label=f"{name}, median {_median(values):.2f}",
            **settings,
        )  # fmt: skip
    ax.set(
        xlim=(0, 1), xlabel="share of energy off the grey axis (0 black and white, 1 pure colour)",
        ylabel="kernels (%)", title=f"Colour opponency of '{report.layer}'",
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="upper center")
    describe(
        ax,
        f"Colour opponency of {len(own)} kernels, a histogram: median {_median(own):.2f}, and {_median(random):.2f} "
        f"for random ones; {int((own > 0.5).sum())} of {len(own)} lie more off the grey axis than on it.",
    )
    return ax


def filters_figure(report: FilterReport, figure: Figure | None = None) -> Figure:
    """All of a report: the network's kernels beside random ones, and how edge-like and colourful each is.

    >>> filters_figure(filter_report(load("bundled"))).savefig("filters.png")
    """
    from matplotlib.figure import Figure

    figure = figure or Figure(figsize=(10, 7.6), dpi=110, layout="constrained")
    panels = figure.subplots(2, 2, height_ratios=(0.6, 1))
    kernel_grid(report.kernels, f"this network, {report.measures.share:.0%} edge-like", ax=panels[0, 0])
    kernel_grid(report.random_kernels, f"random weights, {report.random_share[0]:.1%} edge-like", ax=panels[0, 1])
    described = [
        alternative_text(draw(report, ax))
        for draw, ax in zip((edge_likeness, colour_opponency), panels[1], strict=True)
    ]
    describe(
        figure, " ".join([f"The first-layer kernels of a network beside random ones ('{report.layer}').", *described])
    )
    return figure


def _median(values: Tensor) -> float:
    return values.median().item() if len(values) else 0.0
