"""The notices of a deployment as words: each by its template, or by plain words where that fails.

Owns when templates are read. The daemon and `check` read and try every one before anything depends on it; a command
reads and tries the one that it shows. How one is read, and what Jinja2 does with it, is `noticetemplate`
(Source: SPEC 11; DESIGN 1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gateway.core.notices.letters import Context, Letter, in_plain_words, shown
from gateway.core.steps import Steps, finished
from gateway.errors import ConfigError


class Template(Protocol):
    """One template."""

    def render(self, context: Context) -> Letter:
        """Return the notice. Raises ConfigError, with the line where it fails."""
        ...

    def write(self, context: Context) -> Steps[Letter]:
        """Do the same in steps."""
        ...


@dataclass(frozen=True)
class Templates:
    """All templates of a deployment: the port through which notices become words."""

    by_name: Mapping[str, Template] = field(default_factory=dict)

    def render(self, template: str, context: Context) -> Letter:
        """Return the notice; a faulty template falls back to built-in plain words, so that it never fails."""
        return finished(self.write(template, context))

    def write(self, template: str, context: Context) -> Steps[Letter]:
        """Do the same in steps."""
        context = shown(context)
        try:
            return (yield from self.by_name[template].write(context))
        except (KeyError, ConfigError):
            return in_plain_words(context, template)


class ReadWhenUsed(Mapping[str, Template]):
    """The templates of a folder, each read and tried when somebody asks for it: most commands write nothing."""

    def __init__(self, folder: Path, *, name: str) -> None:
        """Take the folder, and its name as faults show it."""
        self._folder = folder
        self._name = name

    def __getitem__(self, stem: str) -> Template:
        """Return a template. Raises ConfigError with its faults, KeyError where there is no such file."""
        from gateway.noticetemplate import read_template  # jinja2 and the samples: half of a command's start

        path = self._folder / f"{stem}.txt"
        if not path.is_file():
            raise KeyError(stem)
        return read_template(path, f"{self._name}/{path.name}")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return (path.stem for path in sorted(self._folder.glob("*.txt")))

    def __len__(self) -> int:
        """Return how many files there are."""
        return sum(1 for _ in self)
