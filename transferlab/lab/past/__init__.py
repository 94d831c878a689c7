"""Runs that are over: the history of a notebook, recordings and their replay, exports, and guesses beside results."""
