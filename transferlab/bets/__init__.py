"""The bet: rank backbones or stages by scores before training, then train them all and see how far the ranks held.

    candidates = offline_candidates(seed=0)
    bet = Bet(score_backbones(candidates, data))
    print(settle(bet, candidates, data, "fine_tuning", seeds=range(3)))

`scoring.py` scores, `bet.py` is the bet and its outcome, `settling.py` trains, `candidates.py` makes networks to bet
on.
"""

from transferlab.bets.bet import Bet, SettledBet
from transferlab.bets.candidates import offline_candidates, partly_pretrained
from transferlab.bets.scoring import Scores, score_backbones, score_stages
from transferlab.bets.settling import settle, settle_stages

__all__ = [
    "Bet",
    "Scores",
    "SettledBet",
    "offline_candidates",
    "partly_pretrained",
    "score_backbones",
    "score_stages",
    "settle",
    "settle_stages",
]
