"""The documentation as a site: its pages, its links, its tutorial, and what of it is written by a program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from itertools import pairwise
from typing import Literal, get_args, get_origin

import msgspec
import pytest
import yaml
from conftest import ROOT
from test_docs import FENCE, NOT_RUN, PAGES, blocks_of, in_shell

from copydesk.facts import FIELDS

DOCS = ROOT / "docs"
TUTORIAL = [DOCS / name for name in ("first_article.md", "first_pipeline.md", "first_plugin.md")]
BESIDE = {"results.md": ROOT / "benchmarks/RESULTS.md"}  # docs/site_pages.py lets it stand among the pages


def in_nav(entries):
    for entry in entries:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from in_nav(value) if isinstance(value, list) else [value]


def test_every_page_stands_in_the_navigation_once():
    listed = list(in_nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    assert sorted(listed) == sorted([path.name for path in DOCS.glob("*.md")] + list(BESIDE))


# Links. Python-Markdown's anchors and a forge's are the same, but where a heading has two marks in a row.


@cache
def anchors(path):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    bare = [re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower() for heading in headings]
    return {re.sub(r"[-\s]+", "-", text) for text in bare} & {re.sub(r"\s", "-", text) for text in bare}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_heading(page):
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", FENCE.sub("", page.read_text("utf-8"))):
        path = (page.parent / target).resolve() if target else page
        assert anchor in anchors(path), f"{target}#{anchor}"


# The tutorial.


def test_the_tutorial_goes_as_it_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [block for page in TUTORIAL for block in blocks_of(page)]
    for block, after in pairwise([*blocks, None]):
        if block.title:
            path = tmp_path / block.title
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.code, "utf-8")
        elif block.language == "python":
            exec(compile(block.code, block.page, "exec"), {"__name__": "docs"})
        elif block.language == "sh" and not any(sign in block.code for sign in NOT_RUN):
            done = in_shell(block.code, tmp_path)
            shown = after.code if after and (after.language, after.title) == ("text", "") else "…"
            assert (done.returncode == 0) is (re.match(r"copydesk: |pipelines\.yaml:\d", shown) is None), done.stdout
            assert re.fullmatch(pattern(shown), stripped(done.stdout), re.DOTALL), f"{block.page}:\n{done.stdout}"


def pattern(shown):
    """What is shown, as a pattern: `…` stands for anything."""
    return ".*".join(re.escape(part) for part in stripped(shown).split("…"))


def stripped(text):
    """The text without blanks at the ends of its lines, and without the progress that a slow machine sees."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines() if not re.match(r"\d+ documents, .*/s", line))


# What is written by a program, and what is written by hand about the code.


def reference():
    sys.path.insert(0, str(DOCS))
    import make_reference

    return make_reference


@pytest.mark.parametrize("name", ["stages.md", "cli.md", "errors.md", "rule_list.md", "index.md"])
def test_a_page_that_is_written_from_the_code_is_current(name):
    written = reference().pages()
    assert list(written) == ["stages.md", "cli.md", "errors.md", "rule_list.md", "index.md"]
    assert (DOCS / name).read_text("utf-8") == written[name](), "run: python docs/make_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_has_a_head(page):
    """Without the row of dashes behind its first row, a table is a paragraph of bars."""
    lines = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL).split("\n")
    firsts = [n for n, line in enumerate(lines) if line.startswith("|") and not lines[n - 1].startswith("|")]
    assert [lines[n] for n in firsts if not re.match(r"\|[ :|-]+\|$", lines[n + 1])] == []


RECORD = (DOCS / "record.md").read_text("utf-8")


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_the_page_of_the_record_has_each_field_with_its_type(field):
    type_, about = next(
        line.split(" | ")[1:] for line in RECORD.splitlines() if f"`{field.name}`" in line.split(" | ")[0]
    )
    assert type_.startswith("list of" if field.many else ("text", "{"))
    if issubclass(field.type, msgspec.Struct):
        described = msgspec.structs.fields(field.type)
        assert re.findall(r"`(\w+)`", type_) == [part.name for part in described]
        for part in described:
            if get_origin(part.type) is Literal:
                assert all(word in about for word in get_args(part.type)), f"{field.name}.{part.name}"


def test_the_page_of_the_record_has_every_flag():
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "plugins").rglob("*.py"))
    flags = set(re.findall(r"\.flag\(\s*f?\"([a-z-]+)(?:\{\w+\})?\"", code))
    assert len(flags) > 8
    pages = (DOCS / "pages.md").read_text("utf-8")  # has those of pages in full
    assert {flag for flag in flags if f"`{flag}" not in RECORD + pages} == set()


# The figures on the page of limits are those of the pages that they come from.

LIMITS = (DOCS / "limits.md").read_text("utf-8")
MODEL = (DOCS / "model.md").read_text("utf-8")


def rows(text):
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_the_limits_figures_of_the_sets_are_those_of_the_model():
    ours = re.search(r"uses the threshold ([\d.]+),", MODEL)[1]
    by_set = {cells[0]: cells[2:6] for cells in rows(MODEL) if cells[1:2] == [ours] and len(cells) == 7}
    told = {cells[0]: cells[2:] for cells in rows(LIMITS) if cells[0] in by_set}
    assert told == {name: [f"{float(cell):.3f}" for cell in cells] for name, cells in by_set.items()}


def test_the_limits_figures_of_the_roles_are_those_of_the_model():
    by_role = {cells[0]: cells[3] for cells in rows(MODEL.split("## F1 by role")[1].split("\n## ")[0])[2:]}
    told = {cells[0]: cells[1] for cells in rows(LIMITS) if cells[0] in by_role}
    assert len(told) == 5
    assert told == {role: by_role[role] for role in told}


def test_the_limits_other_counts_are_those_of_their_pages():
    rules, never = re.search(r"(\d+) rules; (\d+) of them", (DOCS / "rule_evidence.md").read_text("utf-8")).groups()
    known = rows((DOCS / "reprints.md").read_text("utf-8").split("## Known")[0])[-1][-1]
    lost = [cells for cells in rows(MODEL) if "lost the story" in cells[-1]]
    assert len(lost) == 13
    assert "in thirteen of the worst" in LIMITS
    assert f"{never} of the {rules} rules" in LIMITS
    assert f"{known} are known failures" in LIMITS


# The site itself.


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs", reason="mkdocs is not here; `make docs` has it")
    pytest.importorskip("material", reason="mkdocs-material is not here; `make docs` has it")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(site):
    loads = re.compile(r"<(?:link|script|img|iframe|source)\b[^>]*?(?:href|src)=[\"']?(?:https?:)?//[^\s>]+")
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    assert [found for page in pages for found in loads.findall(page.read_text("utf-8"))] == []
    assert not list(site.rglob("*.py"))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromedriver"), reason="chromium and chromedriver are not here")
def test_the_site_is_searched_from_the_file_system_and_fits_a_telephone(site):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium")
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    try:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        for page in sorted(site.glob("*.html")):
            driver.get(page.as_uri())
            wide = driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{page.name} is {wide} pixels wider than a telephone"
        driver.get((site / "index.html").as_uri() + "?q=dateline")
        wait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait(driver, 30)
        found = wait.until(lambda page: page.find_elements("css selector", ".md-search-result__link"))
        assert found
    finally:
        driver.quit()
