"""A notice's template: a file of `config/notices`, read, tried, and rendered.

A file is named after its notice: `receipt.txt`. Its first line is `Subject: …`, then a blank line, then the text; both
are Jinja2, where an unknown name is an error. Owns the check of each template against sample contexts, so that a slip
is a configuration fault, with its line (Source: SPEC 11; DESIGN 1).
"""

import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.configfile import Findings, read_text, suggest
from gateway.core.notices.letters import Context, Letter, letter_steps, wrap
from gateway.core.notices.samples import sample_contexts
from gateway.core.steps import Steps, collected, finished
from gateway.errors import ConfigError, Fault

_FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True)
class NoticeTemplate:
    """One compiled template."""

    name: str
    file: str  # as faults show it
    subject: Template
    text: Template

    def render(self, context: Context) -> Letter:
        """Return the notice. Raises ConfigError, with the line where it fails."""
        return finished(self.write(context))

    def write(self, context: Context) -> Steps[Letter]:
        """Write the notice in steps, and return it. Raises ConfigError, with the line where it fails."""
        try:
            subject = " ".join(self.subject.render(context).split())
            text = "".join((yield from collected(self.text.generate(context))))
            return (yield from letter_steps(subject, text.strip("\n") + "\n"))
        except _FAILURES as error:
            problem = f"this fails with a sample notice: {_as_clause(error)}"
            raise ConfigError((Fault(self.file, f"line {_line_of(error, self.file)}", problem),)) from error


def read_templates(folder: Path, *, name: str) -> dict[str, NoticeTemplate]:
    """Read and try every template of a folder. Raises ConfigError with all faults."""
    samples = _samples()
    found = Findings()
    files = {path.stem: path for path in sorted(folder.glob("*.txt"))}
    for stem in files.keys() - samples.keys():
        problem = f"there is no notice of this name; {suggest(stem, tuple(samples))}"
        found.faults.append(Fault(f"{name}/{stem}.txt", "", problem))
    read = {}
    for stem in samples:
        path = files.get(stem, folder / f"{stem}.txt")
        template = found.attempt(partial(read_template, path, f"{name}/{path.name}"))
        if template is not None:
            read[stem] = template
    found.raise_them()
    return read


def _environment() -> ImmutableSandboxedEnvironment:
    # Plain text: nothing to escape. The HTML twin is made of the finished text.
    environment = ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = wrap
    return environment


_ENVIRONMENT = _environment()


_samples = cache(sample_contexts)


def read_template(path: Path, name: str) -> NoticeTemplate:
    """Read a template and try it with sample contexts. Raises ConfigError, or KeyError where no notice is called so."""
    return _tried(path.stem, name, read_text(path, name=name))


@lru_cache(maxsize=256)
def _tried(stem: str, name: str, source: str) -> NoticeTemplate:
    """Compile a template and try it; the same words once only, since all of them take half a second."""
    contexts = _samples()[stem]
    first, _, rest = source.partition("\n")
    second, _, body = rest.partition("\n")
    if not re.match(r"Subject: \S", first) or second.strip():
        problem = 'expected "Subject: " with words behind it, then a blank line, then the text'
        raise ConfigError((Fault(name, "line 1", problem),))
    # The subject is one template, the text another; each keeps the lines of the file.
    subject = _compile(first.removeprefix("Subject: "), name)
    template = NoticeTemplate(stem, name, subject, _compile(f"\n\n{body}", name))
    faults = tuple(_unknown_names(source, name, contexts[0])) or _try_out(template, contexts)
    if faults:
        raise ConfigError(faults)
    return template


def _compile(source: str, name: str) -> Template:
    try:
        code = _ENVIRONMENT.compile(source, name, name)
    except TemplateSyntaxError as error:
        raise ConfigError((Fault(name, f"line {error.lineno}", f"this is not Jinja2: {_as_clause(error)}"),)) from None
    return Template.from_code(_ENVIRONMENT, code, dict(_ENVIRONMENT.globals))


def _unknown_names(source: str, name: str, context: Context) -> Iterator[Fault]:
    """Yield a fault for each name that the notice doesn't know, also where no sample comes by."""
    unknown = find_undeclared_variables(_ENVIRONMENT.parse(source)) - context.keys() - _ENVIRONMENT.globals.keys()
    for word in sorted(unknown):
        found = re.search(rf"\b{re.escape(word)}\b", source)
        line = source.count("\n", 0, found.start()) + 1 if found else 1
        yield Fault(name, f"line {line}", f'this notice has nothing called "{word}"; {suggest(word, tuple(context))}')


def _try_out(template: NoticeTemplate, contexts: Sequence[Context]) -> tuple[Fault, ...]:
    """Return the first fault that a template has with sample contexts."""
    for context in contexts:
        try:
            template.render(context)
        except ConfigError as error:
            return error.faults
    return ()


def _as_clause(error: Exception) -> str:
    """Return what a foreign exception says, as a part of our sentence."""
    text = str(error).rstrip(".")
    return text[:1].lower() + text[1:]


def _line_of(error: Exception, name: str) -> int:
    """Return the line of the template where rendering stopped."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return lines[-1] or 1 if lines else 1
