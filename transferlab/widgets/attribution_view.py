"""What the model's answers rest on, for a few held-out images or texts, before training and along the run.

    AttributionView(Session("bundled", "objects"))

Left out: whether a map can be believed; see `explain.judge`.
"""

from typing import Any, ClassVar

from transferlab.lab.looks.look import Look, NoLook
from transferlab.lab.looks.look_attributions import ANSWER, TRUTH, AttributionLook
from transferlab.lab.looks.look_words import METHOD, WordLook
from transferlab.lab.looks.subject import Subject
from transferlab.widgets.view import View

# As people write them; those that take many passes an image come last, for they follow a run less closely.
METHOD_NAMES = {
    "grad_cam": "Grad-CAM",
    "layer_activation": "Where the stage is active",
    "saliency": "Saliency",
    "guided_grad_cam": "Guided Grad-CAM",
    "layer_deep_lift": "DeepLift at the stage",
    "layer_integrated_gradients": "Integrated gradients at the stage",
    "layer_conductance": "Conductance of the stage",
    "internal_influence": "Internal influence of the stage",
    "neuron_conductance": "Conductance by one channel",
    "integrated_gradients": "Integrated gradients (pixels)",
    "occlusion": "Occlusion (pixels)",
}
OF_WORDS = "Integrated gradients (words)"
OF_PIXELS = ("saliency", "integrated_gradients", "occlusion")


class AttributionView(View):
    """Attribution maps with the model's answers beside them, along a run.

    >>> AttributionView(session)
    """

    title, script, name = "What the answers rest on", "attribution_view.js", "attributions"
    options: ClassVar[dict[str, Any]] = {"method": "grad_cam", "target": ANSWER, "stage": None, "turn": 0}

    def make(self, subject: Subject) -> Look:
        images, chosen = subject.data.held_out, dict(self.chosen)
        if images.noun == "sound":
            return NoLook("Maps are drawn of pictures, and words of texts are shaded; this network hears sounds.")
        if chosen["stage"] not in subject.stages:
            chosen["stage"] = None  # another backbone has other stages, other images have other classes
        if chosen["target"] not in (ANSWER, TRUTH, *images.class_names):
            chosen["target"] = ANSWER
        if images.noun == "text":
            try:
                known = subject.settings.starts_from_random
                return WordLook(subject.start, images, chosen["target"], chosen["turn"], same_classes=known)
            except ValueError as error:  # which is said where the words would stand
                return NoLook(str(error))
        return AttributionLook(subject.start, images, **chosen, same_classes=subject.settings.starts_from_random)

    def choices(self, subject: Subject) -> dict[str, Any]:
        try:
            held_out = subject.data.held_out
            classes, noun = list(held_out.class_names), held_out.noun
        except (ValueError, OSError):  # a run of another day, whose images are not here
            classes, noun = [], "image"
        words = noun == "text"
        return {
            "methods": [[METHOD, OF_WORDS]] if words else [[name, text] for name, text in METHOD_NAMES.items()],
            "targets": [ANSWER, TRUTH, *classes],
            "stages": list(subject.stages[:-1]),
            "pixels": words or self.chosen["method"] in OF_PIXELS,
            "noun": noun,
        }
