"""The exercises of each lesson: what to make, how it is checked, hints, and a solution."""
