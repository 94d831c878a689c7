"""The lab without its face: what a run is set to, the thread that trains it, and what there is to see of it.

    session = Session("bundled", "objects")
    session.start()
    session.set_lr("layer4", 1e-5)

`session.py` is what the panels of `widgets/` share and the only thing that they speak to. No widget is imported here,
so that all of it can be tested, and driven by a script, without a browser. `data/` makes the images, `looks/` looks
into models, `past/` keeps runs that are over.
"""
