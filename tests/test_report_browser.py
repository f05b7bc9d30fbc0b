"""Hostile articles in the page of a run, in a real browser: no script runs, nothing is loaded, the text can be read."""

from __future__ import annotations

import json
import shutil
import socket
from contextlib import contextmanager

import pytest

from copydesk import load
from copydesk.io.items import Item, fault
from copydesk.run.report import report, write_report
from copydesk.run.sample import Sample
from copydesk.run.summary import Summary
from copydesk.run.work import Work

webdriver = pytest.importorskip("selenium.webdriver")
NoAlertPresentException = pytest.importorskip("selenium.common").NoAlertPresentException
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="chromium and chromedriver are not here"),
]

PAYLOADS = [
    "<script>owned()</script>",
    "</script><script>owned()</script>",
    '"onmouseover="owned()" x="',
    "'onfocus='owned()' autofocus x='",
    "<img src=x onerror=owned()>",
    "<img src={away}/image>",
    "<svg/onload=owned()>",
    "<iframe srcdoc='<script>parent.owned()</script>'></iframe>",
    "<iframe src={away}/frame></iframe>",
    '<a href="javascript:owned()">javascript:owned()</a>',
    "<link rel=stylesheet href={away}/style>",
    "<style>@import url({away}/import); *{background:url({away}/ground)}</style>",
    "<base href={away}/>",
    '<meta http-equiv="refresh" content="0;url={away}/refresh">',
    "<form action={away}/form><button autofocus>",
    "</textarea></title></style></details></div></body></html><script>owned()</script>",
    "<!-- <![CDATA[ ]]> --!> -->",
    "{{constructor.constructor('owned()')()}} ${owned()} $title <%= owned() %>",
    "&lt;script&gt;owned()&lt;/script&gt; &#60;script&#62; &amp;",
    "<scr\0ipt>owned()</scr\0ipt>",
    "\x1b]0;owned\x07\x1b[2J",
    "\u202egnp.exe\u2066 \u2028owned()\u2029 \ufeff\u200b",
]
LITERAL = {0: "U+0000", 0x1B: "U+001B", 0x07: "U+0007"} | {
    code: f"U+{code:04X}" for code in (0x202E, 0x2066, 0x2028, 0x2029, 0xFEFF, 0x200B)
}

PLACES = ["details.document > summary b", ".raw", ".why", ".facts dt", ".facts dd", ".reason", "tbody th span"]

PLUGIN = """
import copydesk
from copydesk.facts import Language


@copydesk.hookimpl
def register_stages(register):
    register(hostile)


def hostile(doc):
    '''Sign with the article's own words.'''
    words = doc.extra.get("words", "")
    doc.flag(words)
    doc.fact(words, {words: [words]})
    doc.fact("headline", words)
    doc.fact("language", Language(words, 0.5))
    if doc.extra.get("act") == "reject":
        doc.reject(words)
    if doc.extra.get("act") == "fail":
        raise ValueError(words)
    for number, segment in enumerate(doc.segments):
        if number % 3 == 1:
            segment.mark(words, rule=words)
        elif number % 3 == 2:
            segment.rewrite(words + segment.text, rule=words)
"""


@pytest.fixture
def away():
    """An address on this machine that the page tries to reach, and how often somebody came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield f"http://127.0.0.1:{server.getsockname()[1]}", server


@contextmanager
def chromium(profile):
    """A browser without a window, which notes all that it asks for and says."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    off = ("quic", "background-networking", "component-update", "sync", "gpu", "dev-shm-usage")
    on = ("headless", "no-sandbox", "no-first-run", f"user-data-dir={profile}")
    for argument in (*on, *(f"disable-{name}" for name in off)):
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(30)
    driver.set_script_timeout(30)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path / "profile") as driver:
        yield driver


def hostile_page(folder, payloads):
    """A page of a run over hostile articles, through real stages: in texts, ids, names, facts, flags and reasons."""
    (folder / "hostile.py").write_text(PLUGIN, "utf-8")
    (folder / "p.yaml").write_text("plugins: [hostile.py]\npipelines:\n  p: {stages: [hostile]}\n", "utf-8")
    summary, sample = Summary(), Sample(100)
    items = [fault(payload, payload, payload, payload.encode()) for payload in payloads]
    for payload in payloads:
        for act in ("clean", "reject", "fail"):
            text = "\n".join([payload] * 6)
            record = {"id": payload, "text": text, "words": payload, payload: payload, "act": act}
            items.append(Item(payload, payload, "json", json.dumps(record).encode()))
    done = Work(load(folder / "p.yaml")["p"])(items)
    summary.add(Summary.unpacked(done.summary))
    sample.take(0, done.lines)
    everything = "".join(payloads)
    about = dict.fromkeys(("pipeline", "version", "start", "end", "output"), everything)
    figures = report(summary, {**about, "seconds": 1.0, "workers": 1, "inputs": payloads})
    write_report(folder / "run.html", figures, sample)
    return figures


def test_hostile_text_stays_text(tmp_path, browser, away):
    address, server = away
    payloads = [payload.replace("{away}", address) for payload in PAYLOADS]
    figures = hostile_page(tmp_path, payloads)
    number = len(payloads)
    assert figures["documents"] | {"per_second": 0} == {
        "in": 4 * number,
        "clean": number,
        "rejected": number,
        "failed": 2 * number,
        "per_second": 0,
    }

    browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "window.owned = () => { window.was_owned = true }"}
    )
    browser.get("about:blank")  # its own start page loads a lot
    requested(browser)
    browser.get((tmp_path / "run.html").as_uri())
    touch_everything(browser)

    assert ask(browser, "typeof window.owned") == "function"
    assert ask(browser, "window.was_owned === undefined")
    with pytest.raises(NoAlertPresentException):
        _ = browser.switch_to.alert.text
    assert requested(browser) == [(tmp_path / "run.html").as_uri()]
    assert browser.get_log("browser") == []
    with pytest.raises(BlockingIOError):
        server.accept()
    assert (
        ask(
            browser,
            "document.querySelectorAll('script, img, iframe, svg, form, base, link, object, embed, textarea, button').length",
        )
        == 0
    )
    assert ask(browser, "[...document.querySelectorAll('a')].every(a => a.getAttribute('href').startsWith('#'))")
    assert ask(
        browser,
        "[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !a.name.startsWith('on')))",
    )
    assert (
        ask(browser, "document.querySelectorAll('style').length + document.querySelectorAll('meta[http-equiv]').length")
        == 2
    )
    for payload in payloads:
        for place in PLACES:
            assert shows(browser, place, payload), (place, payload)
    assert shows(browser, ".stopped dd", payloads[0])  # the first twenty stand there
    assert ask(browser, "document.querySelectorAll('details.document').length") == 4 * number


def touch_everything(browser):
    """Open what is folded, and do to every element what a mouse and a keyboard would."""
    ask(
        browser,
        "document.querySelectorAll('details').forEach(d => { d.open = true }),"
        "document.querySelectorAll('*').forEach(e => ['mouseover', 'focus', 'click', 'load', 'error'].forEach("
        "kind => e.tagName === 'A' || e.tagName === 'SUMMARY' || e.dispatchEvent(new Event(kind, {bubbles: true}))))",
    )


def ask(browser, expression):
    return browser.execute_script(f"return ({expression})")


def requested(browser):
    """Every address that the browser asked for since the last time, from its own log."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def shows(browser, place, payload):
    """Whether some element there holds the payload as text."""
    words = payload.translate(LITERAL)[:400]
    script = "return [...document.querySelectorAll(arguments[0])].some(e => e.textContent.includes(arguments[1]))"
    return browser.execute_script(script, place, words)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
def test_nothing_sticks_out_of_the_page(tmp_path, browser, width, scheme):
    hostile_page(tmp_path, ["long" * 200, "a/b" * 100, "w " * 300])
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get((tmp_path / "run.html").as_uri())
    ask(browser, "document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert ask(browser, "document.documentElement.scrollWidth <= window.innerWidth")
    ground = ask(browser, "getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(250, 248, 243)", "dark": "rgb(20, 21, 24)"}[scheme]
