"""What the run table writes of a run, and what it reads: records, recordings, weights; to a folder or through the page.

    path, sentence = write_run(session, session.runs[-1], "onnx", "transferlab-runs")
    upload = Upload("ants.transferlab", num_parts=4, folder=folder)
    for part in parts: upload.take(part)

Files that are there already stay: a second `run-3.onnx` is `run-3-2.onnx`. Left out: what stands in them; see
`recording.py` and `exporting.py`.
"""

from pathlib import Path

from torch import nn

from transferlab.errors import unknown
from transferlab.explain.snapshot import model_at
from transferlab.lab.past.exporting import export_onnx, export_safetensors
from transferlab.lab.past.going_on import images_for
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.past.prediction import Prediction
from transferlab.lab.past.recording import ENDING, save_recording
from transferlab.lab.session import Session

ENDINGS = {"record": ".json", "recording": ENDING, "safetensors": ".safetensors", "onnx": ".onnx"}
NEEDS_MODEL = ("recording", "safetensors", "onnx")
PART = 2**20  # bytes that go through the page at a time
LARGEST_UPLOAD = 2**30  # bytes; recordings have a few million


def write_run(
    session: Session, finished: FinishedRun, what: str, folder: str | Path, note: str = "",
    prediction: Prediction | None = None,
) -> tuple[Path, str]:  # fmt: skip
    """Write one run as a "record" (JSON), a "recording", "safetensors" or "onnx"; returns the path and what to say.

        >>> write_run(session, session.runs[-1], "record", "transferlab-runs")
        (PosixPath('transferlab-runs/run-3.json'), 'run-3.json: settings, numbers and curves of run 3.')

    Raises:
        ValueError: no such kind of file, no state of the model was kept, or its images cannot be made to check with.
        OSError: the folder cannot be written.
    """
    if what not in ENDINGS:
        raise unknown("kind of file", what, list(ENDINGS))
    path = _free(Path(folder), f"run-{finished.number}", ENDINGS[what])
    if what == "record":
        return finished.run.save(path), f"{path.name}: settings and numbers of run {finished.number}."
    if what == "recording":
        guess = prediction.to_plain() if prediction else {}
        save_recording(finished, path, _start(session, finished), note, guess)
        size = path.stat().st_size
        words = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"
        return path, f"{path.name} ({words}): curves, pictures, settings and last state."
    model = final_model(session, finished)
    held_out = images_for(session, finished)[1].held_out
    export = export_onnx if what == "onnx" else export_safetensors
    report = export(model, path, held_out, finished.run.class_names)
    return path, str(report)


def final_model(session: Session, finished: FinishedRun) -> nn.Module:
    """The model as the run left it, in eval mode, on the CPU.

        >>> final_model(session, session.runs[0])

    Raises:
        ValueError: its state was not kept, or its backbone is not here.
    """
    if not finished.snapshots:
        raise ValueError(f"Of run {finished.number} no state of the model is here; it can be watched only.")
    settings = finished.settings
    workshop = session.workshop
    # From scratch: on a backbone of random weights, so that its card does not claim pretrained ones.
    start = workshop.model(settings) if settings.starts_from_random else workshop.pretrained(settings)
    return model_at(start, finished.snapshots[-1])


def _start(session: Session, finished: FinishedRun) -> nn.Module | None:
    """The backbone that a recording is kept against; None where it is not here, and then all is kept."""
    try:
        return session.workshop.pretrained(finished.settings)
    except ValueError:
        return None


def _free(folder: Path, stem: str, ending: str) -> Path:
    names = (f"{stem}{ending}", *(f"{stem}-{i}{ending}" for i in range(2, 10_000)))
    return next(folder / name for name in names if not (folder / name).exists())


class Upload:
    """A file that comes through the page in parts, in order; `path` is where it lies once `is_whole`.

        >>> upload = Upload("ants.transferlab", num_parts=2, folder=folder)
        >>> upload.take(first), upload.take(second)

    The name is used for its ending and its last part only; a file never lands outside the folder.

    Raises:
        ValueError: not a recording by its name, or too large.
    """

    def __init__(self, name: object, num_parts: object, folder: Path) -> None:
        own = Path(str(name).replace("\\", "/")).name
        if not own.endswith(ENDING):
            raise ValueError(f"A recording is a {ENDING} file; you chose '{own[:80]}'.")
        if (
            isinstance(num_parts, bool)
            or not isinstance(num_parts, int)
            or not 1 <= num_parts <= LARGEST_UPLOAD // PART
        ):
            raise ValueError(f"'{own[:80]}' is empty or too large for a recording.")
        stem = "".join(one for one in own.removesuffix(ENDING) if one.isalnum() or one in "-_ ").strip()[:80]
        self.path = _free(folder, stem or "recording", ENDING)
        self.num_parts, self.taken = num_parts, 0
        self.path.touch()

    @property
    def is_whole(self) -> bool:
        return self.taken == self.num_parts

    def take(self, part: bytes | memoryview) -> None:
        """Add the next part; raises ValueError for one too many or too large."""
        if self.is_whole or len(part) > PART or not len(part):
            raise ValueError("The upload went wrong: a part is missing or of a wrong size. Choose the file again.")
        with open(self.path, "ab") as file:
            file.write(part)
        self.taken += 1
