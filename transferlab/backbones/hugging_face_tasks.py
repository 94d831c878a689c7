"""What a network of the hub is to do: the task that was asked for, that stands in its name, or that it was made for.

Networks for texts can do one of several things, each with a head of its own; those for sounds one. Left out: tasks
whose answer is no class.
"""

from transferlab.backbones.hugging_face_folder import FOR_SOUNDS, folder_of
from transferlab.backbones.names import SOUND_TASK, TEXT_TASKS, BackboneName
from transferlab.errors import unknown

TASKS = (*TEXT_TASKS, SOUND_TASK)
DECODERS = ("gpt2", "llama")


def with_task(name: BackboneName, task: str | None) -> BackboneName:
    """The name with its task: the one asked for, else the one in the name, else what the folder was made for.

        >>> str(with_task(resolve("minilm"), None))
        'hf/minilm.sentence_embedding'

    Raises:
        ValueError: no such task, one that this family has no head for, or none was given and the folder has no head.
    """
    if task is not None and task not in TASKS:
        raise unknown("task", task, TASKS, owner="Tasks are")
    if task and name.tag and task != name.tag:
        raise ValueError(f"You gave two tasks, '{name.tag}' in the name and task='{task}'.")
    folder = folder_of(name)
    kind = folder.config["model_type"]
    possible = tasks_of(kind)
    chosen = task or name.tag or folder.task or (possible[0] if len(possible) == 1 else "")
    if not chosen:
        raise ValueError(f"{name} has no head. Say what for: load('{name}', task=…) with one of {', '.join(possible)}.")
    if chosen not in possible:
        raise ValueError(f"A {kind} is no model for '{chosen}'. It can do: {', '.join(possible)}.")
    return BackboneName(name.library, name.architecture, chosen)


def of_its_kind(name: BackboneName) -> BackboneName:
    """The name of a network for sounds with its one task; one for texts as it is, since nothing hangs on its task yet.

        >>> str(of_its_kind(resolve("hf/openai/whisper-tiny")))
        'hf/openai/whisper-tiny.audio_classification'

    Raises:
        ValueError: it is not on this machine.
    """
    return with_task(name, None) if folder_of(name).config["model_type"] in FOR_SOUNDS else name


def tasks_of(kind: str) -> tuple[str, ...]:
    """What networks of a family can do.

    >>> tasks_of("gpt2")
    ('sequence_classification', 'causal_lm')
    """
    if kind in FOR_SOUNDS:
        return (SOUND_TASK,)
    sequence, token, language_model, sentence = TEXT_TASKS
    return (sequence, language_model) if kind in DECODERS else (sequence, token, sentence)
