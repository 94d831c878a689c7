"""What to train and how long: recipe, length, backbone, seed, batch size, and what to keep of the source task.

    RecipePanel(Session("bundled", "objects"))

Freeze line and learning rates have panels of their own. A choice that cannot be made is answered with a sentence, and
the settings stay as they were.
"""

from typing import Any

from transferlab.errors import unknown
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

CHOICES = ("recipe", "length", "epochs", "batch_size", "seed", "keep", "device", "backbone")
BACKBONES = (
    "bundled", "torchvision/resnet18", "torchvision/resnet50", "torchvision/efficientnet_b4", "timm/resnet50",
    "timm/efficientnet_b4", "timm/vit_small_patch16_224",
)  # fmt: skip


class RecipePanel(Panel):
    """Chooses a recipe and the numbers that belong to no other panel.

    >>> RecipePanel(session)
    """

    title, script = "Recipe", "recipe_panel.js"

    def __init__(self, session: Session) -> None:
        self.session = session
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        settings = self.session.settings
        given = not isinstance(settings.backbone, str)
        chosen = {name: getattr(settings, name) for name in CHOICES if name != "backbone"}
        return {
            **chosen,
            "backbone": type(settings.backbone).__name__ if given else settings.backbone,
            "given": given,
            "backbones": list(BACKBONES),
            "devices": list(self.session.devices),
            "busy": self.session.is_busy,
        }

    def do_choose(self, content: dict[str, Any], buffers: list[Any]) -> None:
        try:
            for name in set(content) - set(CHOICES):
                raise unknown("choice", name, CHOICES)
            self.session.choose(**content)
        finally:
            self.refresh()  # a refused choice must not stay on view

    def close(self) -> None:
        self._unsubscribe()
        super().close()

    def _heard(self, event: str) -> None:
        if event in ("settings", "state"):
            self.refresh()
