"""Writes the pages of the reference from the code: `python docs/make_reference.py`. A test checks them.

stages.md, cli.md, errors.md and rule_list.md are written whole; of index.md, what stands between its two marks.
"""

from __future__ import annotations

import ast
import inspect
import re
from html import escape
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, CommandInfo, OptionInfo, ParameterInfo

import copydesk.cli
import copydesk_language
from copydesk import errors
from copydesk.cli.app import DEFAULT, app
from copydesk.cli.stages import default_of, type_of
from copydesk.config import house_file, load
from copydesk.facts import FIELDS
from copydesk.plugins import Plugins
from copydesk.run.sample import Piece, pieces
from copydesk.typed import described
from copydesk.yamlfile import YamlFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from copydesk.ledger import Entry
    from copydesk.pipeline import Pipeline
    from copydesk.rules import Rule

DOCS = Path(__file__).parent
ROOT = DOCS.parent
MADE = "This page is written by `python docs/make_reference.py`, from the code."


def shown(text: str) -> str:
    """Text that stands in a table as it is: nothing in it is markup, neither for a site nor for a forge."""
    return re.sub(r"[\\`*_{}\[\]<>&|~^$]", lambda sign: f"&#{ord(sign.group())};", " ".join(text.split()))


def code(text: str) -> str:
    """Text in a table, set as code; a bar would end its cell, and a backtick the code."""
    return f"<code>{escape(text, quote=False).replace('|', '&#124;').replace('`', '&#96;')}</code>"


# The stages.

STAGES = f"""# Stages

What `copydesk stages <name>` shows, for every stage that comes with copydesk, in the order of the plugins.
[Defaults](defaults.md) says why each default is what it is. {MADE}
"""


def stages_page(plugins: Plugins) -> str:
    """The page, with the stages in the order of their plugins."""
    parts = [STAGES]
    for kind in plugins.stages.values():
        parts += [f"## {kind.name}\n", kind.help.replace("\n    ", "\n") + "\n"]
        parts += [
            f"- `{option.name}`: {type_of(option, plugins)}{default_of(option)}" for option in kind.options.values()
        ]
        parts.append("")
    return "\n".join(parts)


# The command line.

CLI = f"""# The command line

Every command with all that it takes, as `copydesk <command> --help` shows it. [Calling it](calling.md) has the usual
ones with examples. {MADE}

## Exit codes

| code | |
|---|---|
"""


def cli_page() -> str:
    """The page, with the commands in the order of the help."""
    codes = "\n".join(f"| {number} | {shown(means)} |" for number, means in exit_codes().items())
    return CLI + codes + "\n\n" + "\n".join("\n".join(command_lines(one)) for one in app.registered_commands)


def exit_codes() -> dict[str, str]:
    """What each exit code means, from where they are given."""
    lines = (inspect.getdoc(copydesk.cli) or "").split("\n\n", 1)[1]
    parts = re.split(r"(?:^|;\s)(\d+(?:, \d+)*)  ?(?=\w)", lines, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def command_lines(command: CommandInfo) -> Iterator[str]:
    """One command: its help, how it is called, what it takes."""
    function = command.callback
    assert function
    name = command.name or function.__name__
    hints = get_type_hints(function, include_extras=True)
    asked = [Asked.of(one, hints[one.name]) for one in inspect.signature(function).parameters.values()]
    yield f"## {name}\n\n{inspect.getdoc(function)}\n"
    arguments = [one.word for one in asked if not one.is_option]
    yield "```text\n" + " ".join(["copydesk", name, *arguments, "[OPTIONS]"]) + "\n```\n"
    yield "| | takes | if not given | |\n|---|---|---|---|"
    yield from (f"| `{one.word}` | {one.takes} | {one.otherwise} | {shown(one.help)} |" for one in asked)
    yield ""


class Asked(NamedTuple):
    """An argument or option of a command, as it is to be read."""

    word: str
    takes: str
    otherwise: str
    help: str
    is_option: bool

    @classmethod
    def of(cls, parameter: inspect.Parameter, hint: Any) -> Asked:
        """From its place in the signature: its type, and what typer is told of it."""
        type_, told = get_args(hint)
        bare = next(one for one in get_args(type_) or [type_] if one is not NoneType)
        bare = type_ if get_origin(type_) in (list, Literal) else bare
        is_option = isinstance(told, OptionInfo)
        word = option_words(parameter.name, told) if is_option else argument_word(parameter, told, bare)
        return cls(word, takes(bare, told), otherwise(parameter.default), told.help, is_option)


def option_words(name: str, told: OptionInfo) -> str:
    """How an option is spelled. Inside Annotated typer takes its first spelling for a default."""
    spelled = [word for word in [str(told.default)] if word.startswith("-")]
    return "`, `".join([*spelled, *(told.param_decls or ())] or [f"--{name.replace('_', '-')}"])


def argument_word(parameter: inspect.Parameter, told: ArgumentInfo, type_: Any) -> str:
    """How an argument stands in the line that tells how a command is called."""
    word = str(told.metavar or parameter.name.upper())
    required = parameter.default is parameter.empty
    return (word if required else f"[{word}]") + ("..." if get_origin(type_) is list else "")


def otherwise(default: Any) -> str:
    """What counts where nothing is given."""
    if default is inspect.Parameter.empty:
        return "required"
    if default in (None, "", False) or isinstance(default, Path):
        return ""
    return f"`{default:,}`" if isinstance(default, int) else f"`{default}`"


def takes(type_: Any, told: ParameterInfo) -> str:
    """What stands behind an option, in words."""
    if type_ is bool:
        return ""
    if get_origin(type_) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(type_))
    if told.min is None:
        return described(type_)
    return f"{described(type_)}, {told.min} " + ("or more" if told.max is None else f"to {told.max}")


# The errors.

NEXT = {
    "CopydeskError": "Catch this one to catch all of them.",
    "ConfigError": "Mend each place that is named; `copydesk check` tells whether any is left. Nothing was run.",
    "PluginError": "Mend the plugin that is named, or ask its author. `copydesk stages` lists what is there.",
    "StageError": "In a run this is one document that failed: mend the stage, then `copydesk retry`.",
    "InputError": "Look at the place that is named. In a run this is one document that failed.",
    "OutputError": "Make room, or name another place with `-o`. The parts before are whole, and `--resume` goes on.",
    "ResumeError": "Name the same configuration and inputs, start anew with `--overwrite`, or name another folder.",
    "WorkerError": "Run again with `--workers 0`, in one process, where `--debug` shows the whole stack.",
}
ERRORS = f"""# Errors

A message says where, what, and what to do next. On the command line it goes to standard error, with an exit code;
`--debug` shows the whole stack. From Python it is one of these:

```text
{{tree}}
```

The first five can be imported from `copydesk`, all from `copydesk.errors`. In the messages below `…` stands for what
differs. What goes wrong with one document ends no run: it comes out as *rejected* or *failed*, with its reason
([formats.md](formats.md#what-goes-wrong) has those of the readers, [service.md](service.md#what-comes-back) those of
the service). {MADE}
"""
Raised = dict[str, dict[str, set[str]]]


def errors_page() -> str:
    """The page, with the classes in the order of the tree."""
    tree = (inspect.getdoc(errors) or "").split("\n\n")[1]
    parts = [ERRORS.format(tree=tree)]
    raised = all_raised()
    for name, kind in vars(errors).items():
        if inspect.isclass(kind) and issubclass(kind, errors.CopydeskError):
            parts += error_lines(kind, raised.get(name, {}))
    parts += [
        "## Mistakes in a file\n",
        "Each is told with file, line and column, all at once, as one `ConfigError`.\n",
    ]
    parts += message_table(raised["problem"])
    return "\n".join(parts)


def error_lines(kind: type[errors.CopydeskError], messages: Mapping[str, set[str]]) -> Iterator[str]:
    """One class: what it is, its exit code, what to do, and what it says where."""
    code_ = copydesk.cli._CODES.get(kind, 2)  # noqa: SLF001 (they are the command line's own, and are to be told)
    yield f"## {kind.__name__}\n"
    yield f"{inspect.getdoc(kind)}\n"
    yield f"Exit code {code_}. {NEXT[kind.__name__]}\n"
    if messages:
        yield from message_table(messages)


def message_table(messages: Mapping[str, set[str]]) -> Iterator[str]:
    yield "| message | where |\n|---|---|"
    for message in sorted(messages, key=lambda text: (text.strip("… `").casefold(), text)):
        yield f"| {code(message)} | {', '.join(f'`{place}`' for place in sorted(messages[message]))} |"
    yield ""


def all_raised() -> Raised:
    """What is raised with which message, and in which module; `problem` is a mistake noted with its place."""
    found: Raised = {}
    for folder in ("src", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT / folder).as_posix()
            for kind, message in raised_in(ast.parse(path.read_text("utf-8"))):
                found.setdefault(kind, {}).setdefault(message, set()).add(place)
    return found


def raised_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The errors of one module, by class and message."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        named = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            kind, arguments = name_of(call.func), call.args
            if kind == "problem" or (kind in NEXT and isinstance(call.func, ast.Name)):
                for message in words_of(arguments[-1], named) if arguments else ():
                    yield kind, message


def name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def words_of(node: ast.expr, named: Mapping[str, ast.expr]) -> Iterator[str]:
    """A message as its author wrote it, with `…` for what is put in; nothing where it is made elsewhere."""
    if isinstance(node, ast.Name) and node.id in named:
        yield from words_of(named[node.id], {})
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from words_of(node.left, named)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield " ".join(node.value.split())
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
        words = re.sub("…[… ]*…", "…", " ".join("".join(map(str, parts)).split()))
        if re.search(r"\w{3}", words):
            yield words


# The rules.

RULES = """# The rules

Every rule of the house, by its file: {rules:,} in {packs} files. `copydesk explain` and the ledger name a rule by
its id, such as `en/advert`; `without: [en/advert]` switches it off. Beside each stands the first of its examples,
which it takes, and of its counter-examples, which it must leave; `copydesk test` runs all of them. Bylines,
datelines, times and pictures are read by code behind the rule, which may leave what the rule takes. How a rule is
written stands in [rules.md](rules.md), how often each fired in [rule_evidence.md](rule_evidence.md). {made}

| file | language | asked by | rules |
|---|---|---|---:|
{files}
"""
SPEAKS = {"any": "any", "en_chrome": "English", "en_related": "English"}


def rules_page(pipeline: Pipeline) -> str:
    """The page: the rules of the pipeline that asks all of them, by file."""
    packs, asked = packs_of(pipeline)
    languages = {pack: language_of(pack) for pack in packs}
    files = "\n".join(
        f"| [{pack}](#{pack}) | {languages[pack]} | {', '.join(f'`{stage}`' for stage in asked[pack])} | {len(rules)} |"
        for pack, rules in packs.items()
    )
    parts = [RULES.format(rules=sum(map(len, packs.values())), packs=len(packs), made=MADE, files=files)]
    for pack, rules in packs.items():
        parts += pack_lines(pack, languages[pack], rules)
    return "\n".join(parts)


def packs_of(pipeline: Pipeline) -> tuple[dict[str, list[Rule]], dict[str, list[str]]]:
    """The rules by their files, in the order of the alphabet, and the stages that ask each file."""
    packs: dict[str, dict[str, Rule]] = {}
    asked: dict[str, list[str]] = {}
    for name, stage in pipeline.stages:
        for rule in getattr(stage, "rules", ()):
            pack = rule.id.split("/")[0]
            packs.setdefault(pack, {})[rule.id] = rule
            if name not in asked.setdefault(pack, []):
                asked[pack].append(name)
    return {pack: list(packs[pack].values()) for pack in sorted(packs)}, asked


def language_of(pack: str) -> str:
    """The language that a file's name tells; files about a thing, not a language, have several."""
    if pack in SPEAKS:
        return SPEAKS[pack]
    lines = (Path(copydesk_language.__file__).parent / "codes.tsv").read_text("utf-8").splitlines()
    return next((line.split("\t")[2] for line in lines if line.startswith(f"{pack}\t")), "several")


def pack_lines(pack: str, language: str, rules: Iterable[Rule]) -> Iterator[str]:
    rules = list(rules)
    yield f"## {pack}\n"
    about = about_file(rules[0])
    if about:
        yield f"{about}\n"
    if language not in {"any", "several"}:
        yield f"Language: {language}.\n"
    yield "| rule | role | about | takes | leaves |\n|---|---|---|---|---|"
    yield from map(rule_row, rules)
    yield ""


def about_file(rule: Rule) -> str:
    """What a rule file says of itself, in one paragraph."""
    root = YamlFile.open(Path(rule.place.rpartition(":")[0])).root
    about = root.get("about") if root else None
    return " ".join(about.value.split()) if about else ""


def rule_row(rule: Rule) -> str:
    cells = rule.about, first(rule.examples), first(rule.counter_examples)
    return f"| `{rule.id}` | {rule.role} | " + " | ".join(map(shown, cells)) + " |"


def first(examples: tuple[str, ...]) -> str:
    """The first example, cut where it is a long one."""
    text = " ".join(examples[0].split()) if examples else ""
    return text if len(text) <= 140 else text[:140].rsplit(" ", 1)[0] + " …"


# The example on the first page.

TOLD = {
    "authors": ("name",),
    "dateline": ("place",),
    "credits": ("kind", "name", "agency", "caption"),
    "source": ("name", "relation"),
    "published": ("iso",),
    "language": ("code",),
}
"""What of each fact is shown there; the whole record would fill the page."""

START, END = "<!-- written by docs/make_reference.py -->", "<!-- to here -->"


def home_page(pipeline: Pipeline, page: str) -> str:
    """The first page, with what the pipeline makes of the article in the README between the marks."""
    before, _, after = page.partition(START)
    article = (ROOT / "README.md").read_text("utf-8").split("```text\n")[1].split("```")[0]
    doc = pipeline(re.sub(r"(?<=\S)\n(?=\S)", " ", article))  # its lines are wrapped for the reader there
    made = "\n".join(['<div class="desk" markdown="0">', *example_lines(doc.text, doc.ledger, doc.record()), "</div>"])
    return f"{before}{START}\n{made}\n{END}{after.partition(END)[2]}"


def example_lines(text: str, ledger: list[Entry], record: Mapping[str, Any]) -> Iterator[str]:
    raw = "".join(piece_markup(piece) for piece in pieces(text, ledger))
    yield f'<section class="raw"><h2>Raw article in</h2>\n{paragraphs(raw)}</section>'
    yield f'<section class="clean"><h2>Clean text out</h2>\n{paragraphs(escape(text))}</section>'
    yield '<section class="facts"><h2>And the facts</h2>\n<dl>'
    yield from (f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts_of(record))
    yield "</dl></section>"


def paragraphs(markup: str) -> str:
    return "<div>\n<p>" + markup.strip().replace("\n\n", "</p>\n<p>") + "</p>\n</div>"


def piece_markup(piece: Piece) -> str:
    """A stretch of the raw text: as it is, taken out (with the role and who did it), or changed."""
    inside, blanks = escape(piece.text.rstrip()), piece.text[len(piece.text.rstrip()) :]
    who = escape(f"{piece.stage}: {piece.rule}" if piece.rule else piece.stage)
    if piece.role:
        return f'<del class="{piece.role}" title="{piece.role}, by {who}">{inside}</del>{blanks}'
    if piece.changed:
        return f'<s title="{who}">{inside}</s><ins title="{who}">{escape(piece.now)}</ins>{blanks}'
    return inside + blanks


def facts_of(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The facts that were found, in few words."""
    for field in FIELDS.values():
        found = record[field.name] if field.many else [record[field.name]]
        words = [
            one if isinstance(one, str) else " · ".join(filter(None, told(field.name, one))) for one in found if one
        ]
        if words:
            yield field.name, ", ".join(words)


def told(name: str, fact: Mapping[str, Any]) -> Iterator[str | None]:
    yield from (fact[key] for key in TOLD[name])


def pages() -> dict[str, Callable[[], str]]:
    """Each page with what writes it."""
    pipeline = load(house_file())[DEFAULT]
    return {
        "stages.md": lambda: stages_page(Plugins.found()),
        "cli.md": cli_page,
        "errors.md": errors_page,
        "rule_list.md": lambda: rules_page(pipeline),
        "index.md": lambda: home_page(pipeline, (DOCS / "index.md").read_text("utf-8")),
    }


if __name__ == "__main__":
    for name, write in pages().items():
        (DOCS / name).write_text(write(), "utf-8")
