"""The models that the contract test runs over, with the smallest image at which every one of their layers has a say.

All of torchvision's classifiers, and for every module of timm the smallest model of each class in it (and a few famous
ones). At 32×32 some attention sees a single place, its softmax is constant and its queries get no gradient; those
have a larger image. `slow` models run with `pytest -m slow` only: they are large, or near relatives of one that runs.
"""

from dataclasses import dataclass, field
from functools import cache

from torch import nn


@dataclass(frozen=True)
class Family:
    """One model: library, timm's module, name, side of the image in pixels, arguments of its constructor."""

    library: str
    module: str
    name: str
    size: int = 32
    settings: dict = field(default_factory=dict)
    headless: bool = False  # comes without a classifier and gets one from replace_head
    slow: bool = False

    @property
    def id(self) -> str:
        module = self.module.replace("vision_transformer", "vit")
        return "-".join(part for part in (self.library, module, self.name) if part)

    def build(self) -> nn.Module:
        if self.library == "timm":
            import timm

            return timm.create_model(self.name, pretrained=False, **self.settings)
        import torchvision

        return torchvision.models.get_model(self.name, weights=None, **self.settings)


def _timm(module: str, name: str, size: int = 32, slow: bool = False, resize: bool = False, **others) -> Family:
    """`resize`: the model is built for one image size and has to be told."""
    return Family("timm", module, name, size, {"img_size": size} if resize else {}, slow=slow, **others)


TIMM = (
    _timm("beit", "beit_base_patch16_224", resize=True, slow=True),
    _timm("byoanet", "lambda_resnet26t", 64),
    _timm("byoanet", "halonet_h1", 256, slow=True),
    _timm("byobnet", "test_byobnet"),
    _timm("byobnet", "repvgg_a0", slow=True),
    _timm("byobnet", "mobileone_s0", slow=True),
    _timm("byobnet", "resnet50_clip", resize=True, slow=True),
    _timm("cait", "cait_xxs24_224", resize=True),
    _timm("coat", "coat_tiny", resize=True),
    _timm("coat", "coat_lite_tiny", resize=True, slow=True),
    _timm("convit", "convit_tiny", resize=True),
    _timm("convmixer", "convmixer_768_32"),
    _timm("convnext", "test_convnext"),
    _timm("convnext", "convnextv2_atto", slow=True),
    _timm("cpubone", "cpubone_nano"),
    _timm("crossvit", "crossvit_tiny_240"),
    _timm("csatv2", "csatv2", 64),
    _timm("cspnet", "cs3darknet_focus_s"),
    _timm("cspnext", "cspnext_tiny"),
    _timm("davit", "davit_tiny"),
    _timm("deepseek_vit", "deepseek_vit_412m", 126, resize=True, headless=True, slow=True),
    _timm("deit", "deit_tiny_patch16_224", resize=True),
    _timm("deit", "deit_tiny_distilled_patch16_224", resize=True),
    _timm("densenet", "densenet121"),
    _timm("dla", "dla46x_c"),
    _timm("dpn", "dpn48b"),
    _timm("edgenext", "edgenext_xx_small"),
    _timm("efficientformer", "efficientformer_l1", 224),
    _timm("efficientformer_v2", "efficientformerv2_s0", 64, resize=True),
    _timm("efficientnet", "test_efficientnet"),
    _timm("efficientnet", "efficientnet_b4"),
    _timm("efficientnet", "efficientnetv2_rw_t", slow=True),
    _timm("efficientvim", "efficientvim_m1", 96),
    _timm("efficientvim", "efficientvim_m1_dist", 96),
    _timm("efficientvit_mit", "efficientvit_b0"),
    _timm("efficientvit_mit", "efficientvit_l1"),
    _timm("efficientvit_msra", "efficientvit_m0"),
    _timm("eva", "eva02_tiny_patch14_336", 28, resize=True),
    _timm("eva", "vit_tiny_patch16_dinov3_qkvb", resize=True, headless=True),
    _timm("fasternet", "fasternet_t0"),
    _timm("fastvit", "fastvit_t8"),
    _timm("focalnet", "focalnet_tiny_srf"),
    _timm("gcvit", "gcvit_xxtiny", 64, resize=True),
    _timm("gemma4_vit", "gemma4_vit_167m", resize=True, headless=True, slow=True),
    _timm("ghostnet", "ghostnet_050"),
    _timm("hardcorenas", "hardcorenas_b"),
    _timm("hgnet", "hgnetv2_b0", 64),
    _timm("hiera", "hiera_tiny_224", resize=True),
    _timm("hieradet_sam2", "hieradet_small", 64),
    _timm("hrnet", "hrnet_w18_small"),
    _timm("iformer", "iformer_t", 64),
    _timm("inception_next", "inception_next_atto"),
    _timm("inception_resnet_v2", "inception_resnet_v2", 96, slow=True),
    _timm("inception_v3", "inception_v3", 96),
    _timm("inception_v4", "inception_v4", 96),
    _timm("lcnetv2", "lcnetv2_small"),
    _timm("levit", "levit_128s", 96, resize=True),
    _timm("levit", "levit_256d", 96, resize=True),
    _timm("lowformer", "lowformer_b0"),
    _timm("mambaout", "test_mambaout"),
    _timm("maxxvit", "test_coatnet", 64, resize=True),
    _timm("maxxvit", "test_maxvit", 64, resize=True),
    _timm("metaformer", "poolformerv2_s12", 64),
    _timm("metaformer", "caformer_s18", 64, slow=True),
    _timm("mlp_mixer", "gmlp_ti16_224", resize=True),
    _timm("mlp_mixer", "mixer_s32_224", 64, resize=True, slow=True),
    _timm("mobilenetv3", "mobilenetv3_small_050"),
    _timm("mobilenetv3", "mobilenetv4_hybrid_medium_075", 64, slow=True),
    _timm("mobilenetv5", "mobilenetv5_base", slow=True),
    _timm("mobilenetv5", "mobilenetv5_300m", headless=True, slow=True),
    _timm("mobilevit", "mobilevit_xxs", resize=True),
    _timm("mvitv2", "mvitv2_tiny", 64, resize=True),
    _timm("naflexvit", "naflexvit_base_patch16_parfac_gap", resize=True, slow=True),
    _timm("nasnet", "nasnetalarge", slow=True),
    _timm("nest", "nest_tiny", resize=True),
    _timm("nextvit", "nextvit_small"),
    _timm("nfnet", "test_nfnet"),
    _timm("nfnet", "nf_resnet26", slow=True),
    _timm("pit", "pit_ti_224", resize=True),
    _timm("pit", "pit_ti_distilled_224", resize=True, slow=True),
    _timm("pnasnet", "pnasnet5large", slow=True),
    _timm("pvt_v2", "pvt_v2_b0"),
    _timm("qwen3_vit", "qwen3_vit_88m", resize=True, headless=True, slow=True),
    _timm("rdnet", "rdnet_tiny"),
    _timm("regnet", "regnetx_002"),
    _timm("repghost", "repghostnet_050"),
    _timm("repvit", "repvit_m1", resize=True),
    _timm("res2net", "res2next50"),
    _timm("resnest", "resnest14d"),
    _timm("resnet", "test_resnet"),
    _timm("resnet", "resnet50"),
    _timm("resnetv2", "resnetv2_18"),
    _timm("resnetv2", "resnetv2_50x1_bit", slow=True),
    _timm("rexnet", "rexnet_100"),
    _timm("selecsls", "selecsls42"),
    _timm("senet", "legacy_seresnet18"),
    _timm("sequencer", "sequencer2d_s", resize=True),
    _timm("shvit", "shvit_s1"),
    _timm("sknet", "skresnet18"),
    _timm("starnet", "starnet_s050"),
    _timm("swiftformer", "swiftformer_xs", 64, resize=True),
    _timm("swin_transformer", "swin_tiny_patch4_window7_224", 64, resize=True),
    _timm("swin_transformer_v2", "swinv2_tiny_window8_256", 64, resize=True),
    _timm("swin_transformer_v2_cr", "swinv2_cr_tiny_224", 64, resize=True),
    _timm("tiny_vit", "tiny_vit_5m_224"),
    _timm("tnt", "tnt_s_legacy_patch16_224", resize=True),
    _timm("tresnet", "tresnet_m"),
    _timm("twins", "twins_svt_small", resize=True),
    _timm("vgg", "vgg11", slow=True),
    _timm("visformer", "visformer_tiny", resize=True),
    _timm("vision_transformer", "test_vit", resize=True),
    _timm("vision_transformer", "vit_tiny_patch16_224", resize=True),
    _timm("vision_transformer", "vit_small_patch14_dinov2", 28, resize=True, headless=True, slow=True),
    _timm("vision_transformer_hybrid", "vit_tiny_r_s16_p8_224", resize=True),
    _timm("vision_transformer_relpos", "test_vit_relpos", resize=True),
    _timm("vision_transformer_sam", "samvit_base_patch16_224", resize=True, slow=True),
    _timm("vitamin", "vitamin_small_224", resize=True),
    _timm("volo", "volo_d1_224", resize=True),
    _timm("vovnet", "ese_vovnet19b_slim_dw"),
    _timm("xception", "legacy_xception"),
    _timm("xception_aligned", "xception41p"),
    _timm("xcit", "xcit_nano_12_p8_224", resize=True),
)

# Of torchvision, these run by default: one of every architecture, and the two that the README names. vgg11, the
# smallest of its kind, has 130 million parameters and is left to the sweep; alexnet stands for it.
TORCHVISION_DEFAULT = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_b4", "efficientnet_v2_s", "googlenet",
    "inception_v3", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf",
    "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_0", "squeezenet1_1", "swin_t",
    "swin_v2_t", "vit_b_32",
)  # fmt: skip


def _torchvision(name: str) -> Family:
    size = {"alexnet": 64, "inception_v3": 96, "maxvit_t": 224, "vit_h_14": 28}.get(name, 32)
    settings: dict = {}
    if name.startswith("vit"):
        settings = {"image_size": size}
    if name in ("googlenet", "inception_v3"):
        settings = {"init_weights": False}  # theirs takes half a minute
    return Family("torchvision", "", name, size, settings, slow=name not in TORCHVISION_DEFAULT)


@cache
def families() -> tuple[Family, ...]:
    """Every model of the contract: all that the installed torchvision has, and the table above for timm.

    >>> [family.id for family in families() if family.module == "vision_transformer"][0]
    'timm-vit-test_vit'
    """
    import timm
    from torchvision import models

    known = set(timm.list_models())
    missing = sorted(family.name for family in TIMM if family.name not in known)
    assert not missing, f"this timm ({timm.__version__}) lacks {', '.join(missing)}; see tests/model_families.py"
    return (*(_torchvision(name) for name in models.list_models(module=models)), *TIMM)
