"""The commands and their options. What a command does stands in the module of its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from copydesk.intake import MAX_CHARS

app = typer.Typer(
    help="Raw reprinted news articles in, clean text and the facts printed around it out.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Inputs = Annotated[list[str], typer.Argument(help="Files, folders, addresses, or - for standard input.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="A pipelines.yaml; ./pipelines.yaml or the house's where not given."),
]
Name = Annotated[str, typer.Option("--pipeline", "-p", help="The pipeline to run.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="A folder, or a file: .jsonl, .jsonl.zst, .parquet; else, and for -, standard output.",
        callback=lambda path: None if path == Path("-") else path,
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the whole stack of an error.")]
DEFAULT = "reprints"

InputForm = Literal["text", "jsonl", "csv", "tsv", "parquet", "arrow", "html", "warc"]
OutputForm = Literal["jsonl", "jsonl.zst", "jsonl.gz", "parquet", "text"]
RecordShape = Literal["record", "schema.org", "ninjs"]

From = Annotated[InputForm | None, typer.Option("--from", help="The form of the input; else by name and content.")]
Form = Annotated[OutputForm | None, typer.Option("--format", help="The form of the output; else by its name.")]
Shape = Annotated[RecordShape, typer.Option("--as", help="What a record looks like.")]
TextField = Annotated[str, typer.Option(help="The field or column that holds the text.")]
IdField = Annotated[str, typer.Option(help="The field or column that holds the id.")]
MaxChars = Annotated[int, typer.Option(min=1, help="Longer documents are rejected.")]
Segments = Annotated[bool, typer.Option("--segments", help="Add every segment to each record.")]
Workers = Annotated[int | None, typer.Option("--workers", "-j", min=0, help="Processes; 0: this one. Else one a core.")]
Timeout = Annotated[float, typer.Option(min=0.01, help="Seconds that a stage may take for one document.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that the output, a folder, holds.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Start anew in a folder that holds a run. A file is replaced.")
]
PartSize = Annotated[int, typer.Option(min=1, help="Documents of the input in each part of a folder.")]
AllowFailed = Annotated[str, typer.Option(help="How many documents may fail: a number or a share, 5%.")]
AllowRejected = Annotated[str, typer.Option(help="How many documents may be rejected.")]
Rejects = Annotated[Path | None, typer.Option(help="Where rejected and failed documents go (.jsonl).")]
Report = Annotated[list[Path] | None, typer.Option(help="Write a report: .json or .html. May be repeated.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]
Memory = Annotated[int, typer.Option(min=1, help="Megabytes that a worker may take beyond what it starts with.")]


@app.command()
def run(
    inputs: Inputs,
    pipeline: Name = DEFAULT,
    output: Output = None,
    config: Config = None,
    input_form: From = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    max_chars: MaxChars = MAX_CHARS,
    form: Form = None,
    shape: Shape = "record",
    segments: Segments = False,
    rejects: Rejects = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    part_size: PartSize = 5_000,
    workers: Workers = None,
    timeout: Timeout = 10.0,
    memory: Memory = 2_000,
    report: Report = None,
    allow_failed: AllowFailed = "0",
    allow_rejected: AllowRejected = "100%",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Clean documents: text and facts out, one record each."""
    from copydesk.cli.run import Run, staff
    from copydesk.io.items import Reading

    asked = Run(
        inputs=inputs,
        pipeline=pipeline,
        config=config,
        input_form=input_form,
        reading=Reading(text_field, id_field, max_chars),
        output=output,
        output_form=form,
        shape=shape,
        segments=segments,
        rejects=rejects,
        resume=resume,
        overwrite=overwrite,
        part_size=part_size,
        staff=staff(workers, timeout, memory),
        reports=report or (),
        allow_failed=allow_failed,
        allow_rejected=allow_rejected,
        quiet=quiet,
    )
    raise typer.Exit(asked())


@app.command()
def pipe(
    pipeline: Name = DEFAULT,
    config: Config = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    max_chars: MaxChars = MAX_CHARS,
    segments: Segments = False,
    workers: Annotated[
        int | None, typer.Option("--workers", "-j", min=0, max=1, help="0: in this process, without protection.")
    ] = None,
    timeout: Timeout = 10.0,
    memory: Memory = 2_000,
    debug: Debug = False,
) -> None:
    """Answer each line of JSON on standard input with one line, at once: for programs that wait for it."""
    from copydesk.cli.pipe import answer
    from copydesk.cli.run import loaded, processors, staff
    from copydesk.io.items import Reading
    from copydesk.run.work import Work

    work = Work(loaded(config, pipeline), Reading(text_field, id_field, max_chars), segments)
    answer(work, staff(min(1, processors()) if workers is None else workers, timeout, memory))


@app.command()
def retry(
    inputs: Annotated[list[str], typer.Argument(help="Folders of a run, or files of rejects.")],
    pipeline: Name = DEFAULT,
    output: Output = None,
    config: Config = None,
    rejects: Rejects = None,
    workers: Workers = None,
    timeout: Timeout = 10.0,
    memory: Memory = 2_000,
    resume: Resume = False,
    overwrite: Overwrite = False,
    report: Report = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run again what was rejected or failed, after its cause was mended."""
    from copydesk.cli.retry import retry as run_again
    from copydesk.cli.run import Run, staff

    asked = Run(
        inputs=inputs,
        pipeline=pipeline,
        config=config,
        output=output,
        rejects=rejects,
        resume=resume,
        overwrite=overwrite,
        staff=staff(workers, timeout, memory),
        reports=report or (),
        quiet=quiet,
    )
    raise typer.Exit(run_again(asked))


@app.command()
def explain(inputs: Inputs, pipeline: Name = DEFAULT, config: Config = None, debug: Debug = False) -> None:
    """Show what each stage did to a document, and why; then the facts and the clean text."""
    from copydesk.cli.explain import explain_all

    raise typer.Exit(explain_all(inputs, pipeline, config))


@app.command()
def restore(inputs: Inputs, output: Output = None, debug: Debug = False) -> None:
    """Give the raw texts back from records: .jsonl files, a folder of records, or standard input."""
    from copydesk.cli.restore import restore_all

    restore_all(inputs, output)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="pipelines.yaml files; ./pipelines.yaml without.")] = None,
    debug: Debug = False,
) -> None:
    """Check pipelines.yaml files, their plugins and rules, without running anything."""
    from copydesk.cli.check import check_all

    check_all(files or [])


@app.command()
def test(
    file: Annotated[Path | None, typer.Argument(help="A pipelines.yaml; ./pipelines.yaml without.")] = None,
    debug: Debug = False,
) -> None:
    """Run the examples of a pipelines.yaml and of its rules."""
    from copydesk.cli.test import test_file

    raise typer.Exit(test_file(file))


@app.command()
def score(
    sets: Annotated[list[Path], typer.Argument(help="Sets with gold answers (.jsonl); docs/scoring.md has the form.")],
    pipeline: Name = DEFAULT,
    config: Config = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many documents of each set.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst documents to show by each measure.")] = 3,
    rules: Annotated[bool, typer.Option("--rules", help="Tell how often each rule fired, and against gold.")] = False,
    debug: Debug = False,
) -> None:
    """Measure a pipeline against gold answers: by set, language and role, and the worst documents."""
    from copydesk.cli.score import score_command

    raise typer.Exit(score_command(sets, pipeline, config, limit=limit, json=json, worst=worst, rules=rules))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A pipelines.yaml as it was.", metavar="A.yaml")],
    second: Annotated[Path, typer.Argument(help="A pipelines.yaml as it shall be.", metavar="B.yaml")],
    inputs: Inputs,
    pipeline: Name = DEFAULT,
    other: Annotated[str | None, typer.Option("--other", help="The pipeline of B, where it has another name.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all counts and the differences shown to this file.")] = None,
    show: Annotated[int, typer.Option(min=0, help="How many differences to show, the most suspicious first.")] = 10,
    debug: Debug = False,
) -> None:
    """Show what a change of configuration changes; the exit code is 0 where nothing does, 1 where something does."""
    from copydesk.cli.compare import compare_command

    raise typer.Exit(compare_command((first, pipeline), (second, other or pipeline), inputs, json=json, show=show))


@app.command()
def serve(
    config: Config = None,
    pipeline: Annotated[
        str, typer.Option("--pipeline", "-p", help="The pipeline where a request names none.")
    ] = DEFAULT,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 8765,
    workers: Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Processes; else one a core.")] = None,
    token: Annotated[str, typer.Option(help="What each request must bring; better in COPYDESK_TOKEN.")] = "",
    allow_host: Annotated[list[str] | None, typer.Option(help="A name it is reached by. May be repeated.")] = None,
    max_body: Annotated[
        int, typer.Option(min=1, help="Bytes of a request's body, or of a line of NDJSON.")
    ] = 10_000_000,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds for a body to come, and for its answer.")] = 30.0,
    connections: Annotated[int, typer.Option(min=1, help="Connections at once.")] = 64,
    timeout: Timeout = 5.0,
    memory: Memory = 2_000,
    debug: Debug = False,
) -> None:
    """Answer over HTTP, with a playground at /."""
    from copydesk.cli.serve import Serve

    Serve(
        config=config,
        pipeline=pipeline,
        host=host,
        port=port,
        workers=workers,
        token=token,
        allow_hosts=allow_host or (),
        max_body=max_body,
        time_limit=time_limit,
        connections=connections,
        timeout=timeout,
        memory=memory * 1_000_000,
    )()


@app.command()
def stages(
    name: Annotated[str | None, typer.Argument(help="One stage, with its options and help.")] = None,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """List the stages that the plugins offer, or show one."""
    from copydesk.cli.stages import show_stage, show_stages

    if name:
        show_stage(name, config)
    else:
        show_stages(config)


@app.command()
def schema(config: Config = None, debug: Debug = False) -> None:
    """Print the JSON Schema of pipelines.yaml, with the installed plugins' options, for editors."""
    from copydesk.cli.schema import print_schema

    print_schema(config)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")] = Path(),
    house: Annotated[bool, typer.Option("--house", help="Only copydesk's own pipelines.yaml.")] = False,
    debug: Debug = False,
) -> None:
    """Start a project: pipelines.yaml, a plugin, rules and an article, ready to run."""
    from copydesk.cli.scaffold import init_house, init_project

    (init_house if house else init_project)(folder)


@app.command("new-plugin")
def new_plugin(
    name: Annotated[str, typer.Argument(help="The plugin's name, a Python word: drop_ad_lines.")],
    folder: Annotated[Path, typer.Option(help="Where it goes.")] = Path("plugins"),
    debug: Debug = False,
) -> None:
    """Write a plugin with its test, passing as written."""
    from copydesk.cli.scaffold import write_plugin

    write_plugin(name, folder)
