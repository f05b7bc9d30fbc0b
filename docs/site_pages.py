"""What the site takes from beside docs/: the benchmarks' results stand as a page of it. mkdocs.yml names this file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

OUTSIDE = {"../benchmarks/RESULTS.md": "results.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Give each file from outside its place among the pages."""
    for link, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(Path(config.docs_dir, link).resolve())))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Let links to these files lead to their pages, and links from them to ours."""
    markdown = markdown.replace("](../docs/", "](")
    for link, page in OUTSIDE.items():
        markdown = markdown.replace(f"]({link}", f"]({page}")
    return markdown
