"""``bran extract``: documents in, a relation table out."""

from __future__ import annotations

import typer

from bran.cli import extract_options as options
from bran.cli.extract_folder import EngineName, EngineOptions, extract_folder, is_folder, show_report
from bran.cli.extract_table import extract_table
from bran.cli.groups import grouped
from bran.cli.inputs import Device, Model, Quiet, ReadingOptions, TaggingOptions, Threshold
from bran.errors import ConfigError
from bran.workflows.batch.settings import CHUNK, MAX_SECONDS, BatchSettings


@grouped
def extract(
    inputs: options.Inputs = None,
    output: options.Output = None,
    model: Model = None,
    threshold: Threshold = None,
    *,
    tagging: TaggingOptions,
    workers: options.Workers = None,
    reading: ReadingOptions,
    device: Device = "cpu",
    precision: options.Precision = options.PRECISION,
    quiet: Quiet = False,
    engine: options.Engine = EngineName.local,
    ray_address: options.RayAddress = None,
    max_seconds: options.MaxSeconds = MAX_SECONDS,
    chunk: options.Chunk = CHUNK,
    no_texts: options.NoTexts = False,
    json_progress: options.JsonProgress = False,
    report: options.Report = None,
) -> None:
    """Find relations in abstracts, whether annotated or plain text.

    Documents without mentions are tagged first, as `bran tag` does. Documents that cannot be read are left out and
    named on stderr; the exit code is then 6.

    Examples: bran extract samples/*.txt; bran extract abstracts.xml.gz -o relations.parquet; bran extract pubmed -o run
    """
    from bran.workflows.bundled import model_folder

    if report:
        show_report(report)
        return
    if not inputs:
        raise typer.BadParameter("expected at least one", param_hint="INPUT...")
    is_ray = engine is EngineName.ray
    if ray_address and not is_ray:
        raise ConfigError(f"--ray-address {ray_address} with --engine {engine}; expected --engine ray")
    of_a_folder = {
        "--engine ray": is_ray,
        f"--max-seconds {max_seconds:g}": max_seconds != MAX_SECONDS,
        f"--chunk {chunk}": chunk != CHUNK,
        "--no-texts": no_texts,
        "--json-progress": json_progress,
    }
    settings = BatchSettings(
        model=model or model_folder(),
        tagging=tagging.settings(),
        input_format=reading.input_format,
        reading=reading.settings(),
        max_characters=reading.max_characters,
        max_seconds=max_seconds,
        strict=reading.strict,
        texts=not no_texts,
        device=device,
        precision=precision.value,
        chunk=chunk,
    )
    if output and is_folder(output):
        how = EngineOptions(engine, workers, ray_address)
        extract_folder(inputs, output, settings, how, threshold=threshold, quiet=quiet, json_progress=json_progress)
    elif unused := next((name for name, given in of_a_folder.items() if given), None):
        raise ConfigError(f"{unused} with {output or 'no --output'}; expected a folder: --output without suffix")
    else:
        extract_table(inputs, output, settings, threshold=threshold, workers=workers or 1, quiet=quiet)
