"""What reading a folder of sounds had to say: what was passed over and why, what was cut, filled up or resampled."""

from collections import Counter
from dataclasses import dataclass, field

from transferlab.data.folder_report import plural, some
from transferlab.data.listing import Skipped


@dataclass(frozen=True)
class SoundReport:
    """What was found in a folder of sounds, and what was done to it. Print it.

        >>> print(sound_folder("bells", seconds=1.0).report)
        bells: 77 sounds of 2 classes, each 1 s at 16,000 Hz
          cut to 1 s: 70 sounds, of up to 18,000 s
          skipped 1: broken (1)
            church/7.flac: broken (…)

    The lists hold names of files. `longest` is in seconds; `rates` counts the sounds of each other rate than 16,000.
    `clipped` holds the share 0…1 of samples at full scale by file.
    """

    path: str
    seconds: float
    counts: dict[str, int]
    skipped: tuple[Skipped, ...] = ()
    cut: tuple[str, ...] = ()
    longest: float = 0.0
    filled_up: tuple[str, ...] = ()
    rates: dict[int, int] = field(default_factory=dict)
    mixed: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    clipped: dict[str, float] = field(default_factory=dict)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing that a user should know, none where all is well."""
        notes = []
        if self.cut:
            longest = f"{self.longest:,.{self.longest < 100:d}f} s"
            notes.append(f"cut to {self.seconds:g} s: {plural(len(self.cut), 'sound')}, of up to {longest}")
        if self.filled_up:
            notes.append(f"filled up with silence to {self.seconds:g} s: {plural(len(self.filled_up), 'sound')}")
        if self.rates:
            listed = ", ".join(f"{rate:,} ({count})" for rate, count in sorted(self.rates.items()))
            notes.append(f"resampled to 16,000 Hz from: {listed}")
        if self.mixed:
            notes.append(f"several channels averaged into one: {plural(len(self.mixed), 'sound')}")
        if self.silent:
            notes.append(f"silent: {some(self.silent)}")
        if self.clipped:
            worst = max(self.clipped, key=lambda name: self.clipped[name])
            notes.append(
                f"clipped when they were recorded: {some(tuple(self.clipped))}; worst '{worst}', "
                f"{self.clipped[worst]:.1%} of its samples at full scale"
            )
        if single := tuple(name for name, count in self.counts.items() if count == 1):
            notes.append(f"one sound only: {some(single)}")
        if self.skipped:
            reasons = Counter(entry.reason.split(" (")[0].split(":")[0] for entry in self.skipped)
            listed = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(6))
            notes.append(f"skipped {len(self.skipped)}: {listed}")
        return tuple(notes)

    def __str__(self) -> str:
        number = plural(sum(self.counts.values()), "sound")
        classes = plural(len(self.counts), "class", "classes")
        lines = [f"{self.path}: {number} of {classes}, each {self.seconds:g} s at 16,000 Hz"]
        lines += [f"  {note}" for note in self.notes()]
        lines += [f"    {entry.file}: {entry.reason}" for entry in self.skipped[:20]]
        lines += [f"    … and {len(self.skipped) - 20} more in report.skipped"] * (len(self.skipped) > 20)
        return "\n".join(lines)
