"""The playground in a real browser: typed in, clicked at, walked through by keyboard, and given hostile articles."""

from __future__ import annotations

import json
import time

import pytest
from conftest import ROOT

pytest.importorskip("uvicorn")
webdriver = pytest.importorskip("selenium.webdriver")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from test_report_browser import BROWSER, DRIVER, LITERAL, PAYLOADS, ask, chromium, requested  # noqa: E402
from test_server import serving  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="chromium and chromedriver are not here"),
]

ARTICLE = "By JANE SMITH\n\nMARLOW (AP) — The bridge opened on Monday.\n\nSign up for our newsletter\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served"), config=str(ROOT / "pipelines.yaml"), workers=1) as server:
        yield server


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(driver, server):
    """The playground, fresh, with the result of its own example."""
    show(driver, 1280, "light")
    driver.get("about:blank")
    requested(driver)
    driver.get(f"http://127.0.0.1:{server.port}/")
    until(driver, "document.querySelectorAll('#marked del').length > 5")
    return driver


def show(driver, width, scheme):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def until(driver, expression, seconds=60):
    end = time.monotonic() + seconds
    while not ask(driver, expression):
        assert time.monotonic() < end, (expression, text(driver, "#told"), text(driver, "#yaml-note"))
        time.sleep(0.1)


def one(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


def text(driver, selector):
    return ask(driver, f"document.querySelector({json.dumps(selector)}).textContent")


def fill(driver, selector, words):
    """Put a long text in at once, as a paste does."""
    script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    driver.execute_script(script, one(driver, selector), words)


def type_article(driver, words, seen):
    article = one(driver, "#article")
    article.send_keys(Keys.CONTROL, "a")
    article.send_keys(words)
    until(driver, f"document.querySelector('#marked').textContent.includes({json.dumps(seen)})")


def test_what_is_typed_is_cleaned(page):
    type_article(page, ARTICLE, "The bridge opened")
    assert [mark.text for mark in page.find_elements(By.CSS_SELECTOR, "#marked del")] == [
        "By JANE SMITH",
        "MARLOW (AP) —",
        "Sign up for our newsletter",
    ]
    one(page, "#tab-clean").click()
    assert one(page, "#clean").text == "The bridge opened on Monday."
    assert "JANE SMITH" in one(page, "#facts").text
    one(page, "#tab-record").click()
    assert json.loads(text(page, "#record"))["authors"][0]["name"] == "JANE SMITH"


def test_a_removed_span_has_its_colour_and_tells_its_rule(page):
    type_article(page, ARTICLE, "The bridge opened")
    promo = page.find_elements(By.CSS_SELECTOR, "#marked del")[2]
    assert promo.get_attribute("class") == "promo"
    webdriver.ActionChains(page).move_to_element(promo).perform()
    tip = one(page, "#tip")
    assert tip.is_displayed()
    assert tip.text == "Removed as newsletter\nremove_promos: en/newsletter-label"
    webdriver.ActionChains(page).send_keys(Keys.ESCAPE).perform()
    assert not tip.is_displayed()


def test_marks_are_walked_by_keyboard(page):
    one(page, "#tab-marked").click()
    webdriver.ActionChains(page).send_keys(Keys.TAB, Keys.TAB, Keys.TAB).perform()  # past Copy and the sheet itself
    seen = []
    for _ in range(3):
        seen.append(page.switch_to.active_element.text)
        assert one(page, "#tip").is_displayed()
        assert page.switch_to.active_element.accessible_name.startswith("Removed as ")
        webdriver.ActionChains(page).send_keys(Keys.ARROW_RIGHT).perform()
    assert seen[0] == "Harbour bridge opens again after nine months"
    assert len(set(seen)) == 3
    assert len(page.find_elements(By.CSS_SELECTOR, "#marked [tabindex='0']")) == 1


def test_a_stage_shows_what_it_did_alone(page):
    one(page, "#stages input[value=extract_byline]").click()
    bright = page.find_elements(By.CSS_SELECTOR, "#marked del:not(.dim)")
    assert [mark.text for mark in bright] == ["By JANE SMITH and TOM OKORO"]
    assert [fact.text for fact in page.find_elements(By.CSS_SELECTOR, "#facts dt")] == ["author", "author"]
    one(page, "#stages input[value='']").click()
    assert not page.find_elements(By.CSS_SELECTOR, "#marked .dim")


def test_a_mistake_in_the_yaml_is_shown_at_its_place(page):
    yaml = one(page, "#yaml")
    ask(page, "(document.querySelector('#yaml').focus(), document.querySelector('#yaml').setSelectionRange(0, 0))")
    lines = yaml.get_attribute("value").split("\n")
    wrong = lines.index("    - remove_promos") + 1
    start = sum(len(line) + 1 for line in lines[:wrong]) - 1
    ask(page, f"document.querySelector('#yaml').setSelectionRange({start}, {start})")
    yaml.send_keys("x")
    until(page, "document.querySelector('#yaml').getAttribute('aria-invalid') === 'true'")
    note = one(page, "#yaml-note button")
    assert note.text.startswith(f"{wrong}:7")
    assert "Did you mean `remove_promos`?" in note.text
    assert [line.text for line in page.find_elements(By.CSS_SELECTOR, "#gutter .wrong")] == [f"{wrong}"]
    note.click()
    assert page.switch_to.active_element == yaml
    yaml.send_keys("remove_promos")  # the place is selected, so this mends it
    until(page, "document.querySelector('#yaml').getAttribute('aria-invalid') === 'false'")
    yaml.send_keys("# mine")
    one(page, "#reset").click()
    assert "# mine" not in yaml.get_attribute("value")
    assert not one(page, "#reset").is_displayed()


def test_an_edited_pipeline_is_the_one_that_runs(page):
    fill(page, "#yaml", "pipelines:\n  mine:\n    stages: [remove_promos]\n")
    until(page, "document.querySelectorAll('#stages input').length === 2")
    removed = {mark.text for mark in page.find_elements(By.CSS_SELECTOR, "#marked del")}
    assert "Sign up for our morning newsletter and never miss a story." in removed
    assert "By JANE SMITH and TOM OKORO" not in removed


def test_a_yaml_that_would_load_code_is_refused(page, tmp_path):
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'was-here')!r}, 'w')", "utf-8")
    fill(page, "#yaml", f"plugins: [{tmp_path / 'evil.py'}]\npipelines:\n  p: {{stages: [remove_promos]}}\n")
    until(page, "document.querySelector('#yaml-note').textContent.includes('`plugins` is refused here')")
    assert not (tmp_path / "was-here").exists()


def test_another_pipeline_can_be_chosen(page):
    ask(page, "document.querySelector('#pipeline').focus()")
    one(page, "#pipeline option[value=repair]").click()
    until(page, "document.querySelectorAll('#stages input').length === 4")
    assert not page.find_elements(By.CSS_SELECTOR, "#marked del")


def test_a_file_can_be_opened(page, tmp_path):
    (tmp_path / "a.txt").write_bytes("Café <b>bold</b> on Monday.".encode("cp1252"))
    one(page, "#file").send_keys(str(tmp_path / "a.txt"))
    until(page, "document.querySelector('#marked').textContent.includes('<b>bold</b> on Monday')")
    assert one(page, "#article-note").text == "a.txt, read as windows-1252"
    assert one(page, "#article").get_attribute("value") == "Café <b>bold</b> on Monday."


def test_hostile_text_stays_text(page, server):
    page.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "window.owned = () => { window.was_owned = true }"}
    )
    page.refresh()
    until(page, "document.querySelectorAll('#marked del').length > 5")
    requested(page)
    page.get_log("browser")
    elements = "document.querySelectorAll('script, img, iframe, svg, form, base, link, object, embed, meta').length"
    before = ask(page, elements)
    for payload in [payload.replace("{away}", "http://127.0.0.1:9") for payload in PAYLOADS]:
        fill(
            page, "#article", f"By {payload}\n\n{payload}\n\nSign up for our newsletter {payload}\n\nPhoto: {payload}\n"
        )
        shown = payload.replace("\r\n", "\n").translate(LITERAL)
        until(page, f"document.querySelector('#marked').textContent.includes({json.dumps(shown)})")
        ask(page, "document.querySelectorAll('#marked *, #facts *').forEach(e => ['mouseover', 'focus', 'load', 'error']"
                  ".forEach(kind => e.dispatchEvent(new Event(kind, {bubbles: true}))))")  # fmt: skip
        assert ask(page, elements) == before
    fill(page, "#yaml", "pipelines:\n  p:\n    stages: ['<img src=x onerror=owned()>']\n")
    until(page, "document.querySelector('#yaml-note').textContent.includes('<img src=x onerror=owned()>')")
    assert ask(page, elements) == before
    assert ask(page, "typeof window.owned") == "function"
    assert ask(page, "window.was_owned === undefined")
    assert {address.rpartition("/")[2] for address in requested(page)} == {"explain"}
    complaints = [entry["message"] for entry in page.get_log("browser")]
    assert not [words for words in complaints if "422" not in words], complaints


def test_a_token_is_asked_for(driver, tmp_path):
    with serving(tmp_path, config=str(ROOT / "pipelines.yaml"), workers=1, token="s3cret") as server:
        driver.get(f"http://127.0.0.1:{server.port}/")
        until(driver, "!document.querySelector('#token-form').hidden")
        one(driver, "#token").send_keys("s3cret", Keys.ENTER)
        until(driver, "document.querySelectorAll('#marked del').length > 5")
        assert not one(driver, "#token-form").is_displayed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 760, 380])
def test_nothing_sticks_out_and_all_can_be_read(page, width, scheme):
    show(page, width, scheme)
    fill(page, "#article", "long" * 200 + "\n\nPhoto: " + "a/b" * 100 + "\n\n" + "w " * 300)
    until(page, "document.querySelector('#marked').textContent.includes('longlong')")
    assert ask(page, "document.documentElement.scrollWidth <= window.innerWidth")
    assert contrast(page) == []


def contrast(page):
    """Texts whose colour is too near to their ground's: under 4.5 to 1 (WCAG 2.2, AA)."""
    return page.execute_script("""
        const channels = c => c.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
        const ground = e => { for (; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
        return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('.dim, .stale, .skip')
            && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).filter(e => {
            const [a, b] = [light(channels(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
            return (a + .05) / (b + .05) < 4.5; }).map(e => e.outerHTML.slice(0, 80));
    """)


def test_every_control_has_a_name(page):
    controls = page.find_elements(By.CSS_SELECTOR, "button, input, select, textarea, [role=tab], [role=tabpanel]")
    assert len(controls) > 20
    for control in controls:
        if control.is_displayed():
            assert control.accessible_name, control.get_attribute("outerHTML")
