"""The claims, in the order of the lessons."""

from transferlab.claims import (
    data_table,
    edges,
    forgetting_grows,
    gain_falls,
    general_layers,
    head_first,
    incompatible,
    inherited,
    less_compute,
    little_data,
    low_rank,
    overtaking,
    smaller_below,
)
from transferlab.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (
            module.CLAIM
            for module in (
                edges, general_layers, little_data, overtaking, head_first, smaller_below, forgetting_grows, gain_falls,
                incompatible, inherited, data_table, less_compute, low_rank,
            )
        ),
        key=lambda claim: claim.number,
    )
)  # fmt: skip
