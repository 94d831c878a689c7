"""`transferlab bench`: what frozen-means-free is worth, measured beside what others do with the same weights.

Each way runs in a process of its own, one thread on one core, in turns (A B B A), and is judged by processor seconds,
with everything that it computes counted: the features it keeps, too. `task` is the work, `ours` and the files named
after peers do it, `worker` measures one of them, `measuring` runs them in turns, `report` makes tables of the figures;
`memory_scaling` is a table of its own.
"""
