"""The service, as its clients meet it: a real process on loopback, asked over real sockets."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import jsonschema
import pytest
from conftest import ROOT

from copydesk import load
from copydesk.cli.serve import Serve
from copydesk.errors import ConfigError
from copydesk.io.items import Item
from copydesk.run.work import Work

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")

ARTICLE = "By JANE SMITH\n\nMARLOW (AP) — The bridge opened on Monday.\n\nSign up for our newsletter\n"

PLUGIN = """
import os, time
import copydesk


@copydesk.hookimpl
def register_stages(register):
    register(act)


def act(doc):
    '''Do to the process what the text says.'''
    if "HANG" in doc.raw:
        with open(__file__ + ".tries", "a") as tries:
            tries.write(".")
        while True:
            time.sleep(0.01)
    if "DIE" in doc.raw:
        os._exit(3)
    if "RAISE" in doc.raw:
        raise ValueError("as asked")
    if "REJECT" in doc.raw:
        doc.reject("as asked")
    if "SLOW" in doc.raw:
        time.sleep(0.03)
    for segment in doc.segments:
        if segment.text == "advert":
            segment.mark("advert", rule="word")
"""

HOUSE = """
pipelines:
  repair:
    about: What every text gets.
    stages: [repair_encoding, normalize_space]
  wire: {stages: [repair]}
  reprints:
    stages: [repair, remove_promos: {without: [en/follow-whom]}, extract_byline, extract_dateline, detect_language]
"""
"""Less than the house's own pipelines, which take some seconds to build: see the slow tests for those."""

START = """
import sys, json
from pathlib import Path
from copydesk.cli.serve import Serve
options = json.loads(sys.argv[1])
options["config"] = Path(options["config"]) if "config" in options else None
Serve(port=0, **options)()
"""


class Server:
    """A service in its own process. `port` is where it listens; what it said is in `errors`."""

    def __init__(self, process, port, errors):
        self.process = process
        self.port = port
        self.errors = errors
        self.config = None

    def ask(self, method, path, body=None, **headers):
        """The status, the headers and the body of an answer. `_` in a header's name is a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, path, value, **headers):
        """The status and the JSON of an answer to JSON."""
        body = value if isinstance(value, (bytes, str)) else json.dumps(value)
        status, _, told = self.ask("POST", path, body, **{"content_type": "application/json", **headers})
        return status, json.loads(told)

    def raw(self, data, patience=30.0):
        """What comes back for these very bytes, until the connection ends or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection:
            connection.sendall(data)
            return everything(connection)

    def told(self):
        return self.errors.read_text("utf-8")


def everything(connection):
    heard = b""
    try:
        while data := connection.recv(65536):
            heard += data
            head, _, body = heard.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            if length and len(body) >= int(length[1]):
                return heard
    except TimeoutError:
        pass
    return heard


@contextmanager
def serving(folder, **options):
    errors = folder / "errors"
    environment = {name: value for name, value in os.environ.items() if name != "COPYDESK_TOKEN"}
    command = [sys.executable, "-c", START, json.dumps(options)]
    with errors.open("wb") as sink:
        process = subprocess.Popen(command, stderr=sink, stdout=sink, cwd=folder, env=environment)
    try:
        yield Server(process, port_of(process, errors), errors)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def port_of(process, errors):
    for _ in range(600):
        if found := re.search(r":(\d+)/ ", errors.read_text("utf-8")):
            return int(found[1])
        assert process.poll() is None, errors.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(errors.read_text("utf-8"))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A service of real stages."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "pipelines.yaml").write_text(HOUSE, "utf-8")
    with serving(folder, workers=2) as server:
        server.config = folder / "pipelines.yaml"
        yield server


@pytest.fixture(scope="module")
def acting(tmp_path_factory):
    """A service whose one stage does to its process what the text says, with short limits."""
    folder = tmp_path_factory.mktemp("acting")
    (folder / "act.py").write_text(PLUGIN, "utf-8")
    (folder / "p.yaml").write_text("plugins: [act.py]\npipelines:\n  p: {stages: [act]}\n", "utf-8")
    limits = {"timeout": 1.0, "time_limit": 15.0, "max_body": 50_000}
    with serving(folder, config=str(folder / "p.yaml"), workers=2, **limits) as server:
        wait_until_ready(server)
        server.tries = folder / "act.py.tries"
        yield server


def wait_until_ready(server):
    while json.loads(server.ask("GET", "/healthz")[2])["workers"] < 2:
        time.sleep(0.1)


# Documents


def same_as_a_run(server, *documents):
    items = [Item(str(n), f"document {n}", "json", json.dumps(doc).encode()) for n, doc in enumerate(documents, 1)]
    return [json.loads(line.record) for line in Work(load(server.config)["reprints"])(items).lines]


def test_one_document_gives_the_record_of_a_run(house):
    assert house.post("/v1/clean", {"id": "a", "text": ARTICLE, "page": 3}) == (
        200,
        same_as_a_run(house, {"id": "a", "text": ARTICLE, "page": 3})[0],
    )


@pytest.mark.slow
def test_the_house_s_own_pipeline_gives_the_records_of_a_run(tmp_path):
    texts = [path.read_bytes().decode("utf-8", "replace") for path in sorted((ROOT / "samples").glob("*.txt"))]
    with serving(tmp_path, config=str(ROOT / "pipelines.yaml"), workers=1) as server:
        server.config = ROOT / "pipelines.yaml"
        documents = [{"id": f"{n}", "text": text} for n, text in enumerate(texts)]
        assert server.post("/v1/clean", documents) == (200, same_as_a_run(server, *documents))


def test_a_list_gives_a_list_in_its_order(house):
    documents = [{"id": f"{n}", "text": f"{ARTICLE} Number {n}."} for n in range(100)]
    assert house.post("/v1/clean", documents) == (200, same_as_a_run(house, *documents))


def test_lines_give_lines_in_their_order(house):
    documents = [{"id": f"{n}", "text": f"{ARTICLE} Number {n}."} for n in range(300)]
    lines = "".join(json.dumps(document) + "\n" for document in documents)
    status, headers, body = house.ask("POST", "/v1/clean", lines, content_type="application/x-ndjson")
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    assert [json.loads(line) for line in body.splitlines()] == same_as_a_run(house, *documents)


def test_a_blank_line_is_answered_as_by_pipe(house):
    body = house.ask("POST", "/v1/clean", '{"id": "a", "text": null}\n\n', content_type="application/x-ndjson")[2]
    assert [(told["id"], told["outcome"]) for told in map(json.loads, body.splitlines())] == [
        ("a", "failed"),
        ("2", "failed"),
    ]


def test_a_line_is_answered_before_the_next_is_sent(house):
    with socket.create_connection(("127.0.0.1", house.port), timeout=60) as connection:
        connection.sendall(
            b"POST /v1/clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        stream = connection.makefile("rb")
        for n in range(3):
            line = json.dumps({"id": f"{n}", "text": "One line."}).encode() + b"\n"
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            while not (got := stream.readline()).startswith(b"{"):
                assert got
            assert json.loads(got)["id"] == f"{n}"
        connection.sendall(b"0\r\n\r\n")


def test_plain_text_is_one_article_in_any_encoding(house):
    text = "Le café du marché était fermé. “Où aller ?” a demandé Hélène, élève à l’école de la forêt."
    status, _, body = house.ask("POST", "/v1/clean", text.encode("cp1252"), content_type="text/plain")
    record = json.loads(body)
    assert (status, record["text"], record["encoding"]) == (200, text, "cp1252")


def test_fields_and_pipelines_are_chosen_in_the_query(house):
    document = {"key": 7, "body": ARTICLE, "text": "not this"}
    status, record = house.post("/v1/clean?pipeline=repair&text_field=body&id_field=key&segments=true", document)
    assert (status, record["id"], record["text"].split()[0]) == (200, "7", "By")
    assert record["segments"]


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("pipeline=reprint", 404, "there is no pipeline `reprint`. Did you mean `reprints`?"),
        ("pipelin=reprints", 400, "there is no parameter `pipelin`. Did you mean `pipeline`?"),
        ("segments=yes", 400, "`segments` is true or false."),
    ],
)
def test_a_wrong_query_is_told(house, query, status, error):
    assert house.post(f"/v1/clean?{query}", {"text": ""}) == (status, {"error": error})


@pytest.mark.parametrize(
    ("document", "status", "outcome", "stage"),
    [
        ({"text": "REJECT"}, 422, "rejected", "act"),
        ({"text": "RAISE"}, 500, "failed", "act"),
        ({"text": "DIE"}, 500, "failed", "act"),
        ({"text": "HANG"}, 504, "failed", "act"),
        ({"no": "text"}, 400, "failed", "reader"),
        ({"text": None}, 400, "failed", "reader"),
    ],
)
def test_one_document_that_is_not_clean_comes_back_with_its_reason(acting, document, status, outcome, stage):
    answered, record = acting.post("/v1/clean", document)
    assert (answered, record["outcome"], record["stage"]) == (status, outcome, stage)
    assert record["reason"]


@pytest.mark.parametrize("body", [{"text": "HANG"}, [{"text": "HANG"}]], ids=["one", "a list of one"])
def test_what_hangs_and_was_sent_alone_is_tried_once(acting, body):
    acting.tries.unlink(missing_ok=True)
    assert acting.post("/v1/clean", body)[0] == (200 if isinstance(body, list) else 504)
    assert acting.tries.read_text() == "."


def test_in_a_list_each_has_its_own_outcome(acting):
    words = ["fine", "REJECT", "HANG", "DIE", "RAISE", "fine"]
    status, records = acting.post("/v1/clean", [*({"text": word} for word in words), 3])
    assert status == 200
    outcomes = ["clean", "rejected", "failed", "failed", "failed", "clean", "failed"]
    assert [record.get("outcome", "clean") for record in records] == outcomes
    assert [record["text"] for record in records] == [*words, "3"]


def test_the_others_go_on_while_one_hangs(acting):
    hanging = http.client.HTTPConnection("127.0.0.1", acting.port, timeout=60)
    hanging.request("POST", "/v1/clean", '{"text": "HANG"}', {"content-type": "application/json"})
    assert [acting.post("/v1/clean", {"text": f"{n}"})[0] for n in range(50)] == [200] * 50
    assert hanging.getresponse().status == 504
    hanging.close()


def test_the_record_fits_its_schema(house, acting):
    schema = json.loads(house.ask("GET", "/v1/schema")[2])
    jsonschema.Draft202012Validator.check_schema(schema)
    for server, text in ((house, ARTICLE), (house, ""), (acting, "REJECT"), (acting, "RAISE")):
        jsonschema.validate(server.post("/v1/clean", {"text": text})[1], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": "1", "text": ""}, schema)


# What it tells


def test_the_pipelines_are_listed_with_their_stages(house):
    told = json.loads(house.ask("GET", "/v1/pipelines")[2])
    pipelines = load(house.config)
    assert told["default"] == "reprints"
    assert [one["name"] for one in told["pipelines"]] == list(pipelines)
    for one in told["pipelines"]:
        assert [stage["name"] for stage in one["stages"]] == [step.name for step in pipelines[one["name"]].spec.steps]
        assert house.post("/v1/check", {"yaml": one["yaml"]}) == (200, {"problems": []})


def test_the_figures_add_up(tmp_path):
    with serving(tmp_path, config=str(acting_file(tmp_path)), workers=1) as server:
        server.post("/v1/clean", [{"text": "a"}, {"text": "REJECT"}, {"text": "RAISE"}])
        server.ask("GET", "/no/such")
        figures = server.ask("GET", "/metrics")[2].decode()
    assert 'copydesk_documents_total{pipeline="p",outcome="clean"} 1\n' in figures
    assert 'copydesk_documents_total{pipeline="p",outcome="rejected"} 1\n' in figures
    assert 'copydesk_documents_total{pipeline="p",outcome="failed"} 1\n' in figures
    assert 'copydesk_requests_total{path="/v1/clean",status="200"} 1\n' in figures
    assert 'copydesk_requests_total{path="other",status="404"} 1\n' in figures
    assert 'copydesk_request_seconds_count{path="/v1/clean"} 1\n' in figures
    assert 'copydesk_workers{state="wanted"} 1\n' in figures
    for line in figures.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+\{(\w+="[^"]*",?)+\} [0-9.e-]+', line), line


def acting_file(folder):
    (folder / "act.py").write_text(PLUGIN, "utf-8")
    (folder / "p.yaml").write_text("plugins: [act.py]\npipelines:\n  p: {stages: [act]}\n", "utf-8")
    return folder / "p.yaml"


# Who may ask, and for how much: field/reliability.md, section 7, nos. 89 to 98


HEAD = b"POST /v1/clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def status_of(answer):
    return int(answer.split(None, 2)[1])


def test_89_a_long_body_is_refused_before_it_is_read(acting):
    answer = acting.raw(HEAD + b"Content-Length: 1000000000\r\n\r\n")
    assert status_of(answer) == 413
    assert b"the body is longer than 50,000 bytes" in answer


def test_89_a_long_body_without_a_length_is_refused_at_its_limit(acting):
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    assert status_of(acting.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4)) == 413


def test_89_a_client_that_sends_all_before_it_reads_still_gets_the_answer(acting):
    body = b"[" + b" " * 400_000
    assert acting.post("/v1/clean", body)[0] == 413


def test_89_a_long_line_is_rejected_and_the_others_go_on(acting):
    lines = b'{"text": "a"}\n{"text": "' + b"x" * 200_000 + b'"}\n{"text": "b"}\n'
    status, _, body = acting.ask("POST", "/v1/clean", lines, content_type="application/x-ndjson")
    records = [json.loads(line) for line in body.splitlines()]
    assert status == 200
    assert [(one["id"], one.get("reason", "")) for one in records] == [
        ("1", ""),
        ("2", "line 2: the line is longer than 50,000 bytes."),
        ("3", ""),
    ]


@pytest.mark.slow
def test_90_a_slow_body_is_given_up(acting):
    answer = acting.raw(HEAD + b"Content-Length: 100\r\n\r\n{")
    assert status_of(answer) == 408
    assert b"the body did not come within 15 s." in answer


@pytest.mark.slow
def test_90_a_slow_head_is_given_up(acting):
    with socket.create_connection(("127.0.0.1", acting.port), timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(12):
            time.sleep(1)
            try:
                connection.sendall(b"x: y\r\n")
            except OSError:
                break
        assert status_of(everything(connection)) == 408


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.evil", ""])
@pytest.mark.parametrize("path", ["/", "/v1/pipelines", "/healthz", "/no/such"])
def test_91_a_foreign_host_is_refused(acting, host, path):
    assert acting.ask("GET", path, host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]", "[::1]:8765"])
def test_91_the_own_hosts_are_served(acting, host):
    assert acting.ask("GET", "/healthz", host=host)[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "file://"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_92_a_foreign_origin_is_refused(acting, origin, method):
    status, headers, _ = acting.ask(method, "/v1/clean", '{"text": ""}', origin=origin, content_type="application/json")
    assert status == 403
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_92_the_own_origin_is_served(acting):
    origin = f"http://127.0.0.1:{acting.port}"
    assert acting.post("/v1/clean", {"text": "a"}, origin=origin)[0] == 200


def test_93_two_lengths_are_refused(acting):
    answer = acting.raw(
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    )
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, identity"])
def test_94_packed_bodies_are_refused(acting, coding):
    assert acting.post("/v1/clean", b"\x1f\x8b", content_encoding=coding)[0] == 415


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"text": "a",\n "b" 1}', "the body is not JSON at line 2, column 6: Expecting ':' delimiter."),
        ("", "the body is not JSON at line 1, column 1: Expecting value."),
        ('[{"text": "a"}', "the body is not JSON at line 1, column 15: Expecting ',' delimiter."),
        ('"text"', "the body is JSON, but neither an object nor a list of objects."),
        ('{"text": NaN}', "the body is not JSON: NaN is no JSON number."),
        ("[" * 20_000, "the body is not JSON that can be read: it is nested too deep."),
    ],
    ids=["colon", "empty", "unclosed", "text", "nan", "deep"],
)
def test_95_bad_json_is_refused_with_its_place(acting, body, error):
    status, told = acting.post("/v1/clean", body)
    assert (status, told["error"]) == (400, error)


def test_95_a_lone_surrogate_is_let_in_as_a_run_does(house):
    assert house.post("/v1/clean", b'[{"text": "half a \\ud83d letter"}]') == (
        200,
        same_as_a_run(house, {"text": "half a \ud83d letter"}),
    )


def test_96_bytes_that_are_no_utf_8_are_refused(acting):
    assert acting.post("/v1/clean", b'{"text": "caf\xe9"}') == (
        400,
        {"error": "the body is not UTF-8 at byte 13.", "byte": 13},
    )


@pytest.mark.parametrize("kind", [b"application/json", b"application/x-ndjson"])
def test_97_who_leaves_costs_nothing(acting, kind):
    line = b'{"text": "SLOW"}'
    body = b"[" + b",".join([line] * 60) + b"]" if kind == b"application/json" else b"\n".join([line] * 60)
    for cut in (len(body), len(body) // 2):
        with socket.create_connection(("127.0.0.1", acting.port)) as connection:
            head = b"POST /v1/clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % (kind, len(body)) + body[:cut])
            time.sleep(0.2)
    assert acting.post("/v1/clean", {"text": "a"})[0] == 200
    wait_until_ready(acting)
    assert "Traceback" not in acting.told()


@pytest.mark.slow
def test_97_who_does_not_read_is_let_go(acting):
    with socket.create_connection(("127.0.0.1", acting.port), timeout=30) as connection:
        head = b"POST /v1/clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        connection.sendall(head + b"Content-Length: 1000000000\r\n\r\n")
        line = json.dumps({"text": "a" * 40_000}).encode() + b"\n"
        connection.settimeout(200)
        with pytest.raises(ConnectionError):
            connection.sendall(line * 20_000)
    assert acting.post("/v1/clean", {"text": "a"})[0] == 200
    assert "Traceback" not in acting.told()


@pytest.mark.parametrize("path", ["/..%2f", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/page/index.html", "//"])
def test_98_nothing_stands_outside(acting, path):
    assert acting.ask("GET", path)[0] == 404


def test_there_is_an_end_to_connections(tmp_path):
    with serving(tmp_path, config=str(acting_file(tmp_path)), workers=1, connections=3) as server:
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
        assert status_of(server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 503
        for one in held:
            one.close()
        time.sleep(0.2)
        assert server.ask("GET", "/metrics")[0] == 200


def test_a_token_is_needed_where_one_is_set(tmp_path):
    with serving(tmp_path, config=str(acting_file(tmp_path)), workers=1, token="s3cret") as server:
        for given in ("", "Bearer", "Bearer wrong", "Basic s3cret", "s3cret", "Bearer s3cre\u00e9"):
            status, headers, _ = server.ask("GET", "/v1/pipelines", authorization=given)
            assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert server.post("/v1/clean", {"text": "a"})[0] == 401
        assert server.ask("GET", "/metrics")[0] == 401
        assert server.post("/v1/clean", {"text": "a"}, authorization="Bearer s3cret")[0] == 200
        assert server.ask("GET", "/")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_an_address_that_others_reach_needs_a_token(monkeypatch, host):
    monkeypatch.delenv("COPYDESK_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="can be reached from other machines, so a token is needed"):
        Serve(host=host)()


def test_pipelines_that_cannot_be_built_are_told_at_the_start(tmp_path):
    yaml = "pipelines:\n  p:\n    stages:\n    - remove_promos: {without: [en/no-such]}\n"
    (tmp_path / "p.yaml").write_text(yaml, "utf-8")
    with pytest.raises(ConfigError, match="`without` names `en/no-such`"):
        Serve(port=0, workers=2, config=tmp_path / "p.yaml")()


@pytest.mark.parametrize("name", ["starlette", "uvicorn", "h11"])
def test_what_is_not_installed_is_told(name):
    script = f"import sys; sys.modules[{name!r}] = None; from copydesk.cli.serve import Serve; Serve()()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert f"ConfigError: `copydesk serve` needs {name}: pip install 'copydesk[serve]'." in done.stderr


def test_an_address_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"^127.0.0.1:{port} cannot be listened at: Address already in use\.$"):
            Serve(port=port, config=ROOT / "pipelines.yaml")()


def test_every_answer_has_the_headers_of_a_safe_page(acting):
    for path in ("/", "/v1/pipelines", "/no/such", "/playground.js"):
        headers = acting.ask("GET", path)[1]
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


@pytest.mark.skipif(not shutil.which("ss"), reason="ss is not here")
def test_the_service_calls_nobody(acting):
    """Its process and its workers hold the sockets that it listens at, and no others."""
    rows = subprocess.run(["ss", "-Htunap"], capture_output=True, text=True, check=False).stdout.splitlines()
    own = [row.split() for row in rows if any(f"pid={pid}," in row for pid in (acting.process.pid, *children(acting)))]
    assert [row for row in own if row[4].endswith(f":{acting.port}")]
    assert {row[4].rpartition(":")[2] for row in own} == {f"{acting.port}"}


def children(server):
    """The process numbers of the workers."""
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", f"{server.process.pid}"], capture_output=True, text=True, check=False
    )
    return [int(word) for word in done.stdout.split()]


def test_at_the_end_no_process_is_left(tmp_path):
    with serving(tmp_path, config=str(acting_file(tmp_path)), workers=2) as server:
        wait_until_ready(server)
        running = children(server)
        assert running
        server.post("/v1/clean", {"text": "a"})
    for pid in running:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert "Traceback" not in server.told()


# A pipeline that comes with the request


def mistakes(server, yaml):
    return [
        (one["line"], one["column"], one["message"]) for one in server.post("/v1/check", {"yaml": yaml})[1]["problems"]
    ]


@pytest.mark.parametrize(
    ("yaml", "place", "message"),
    [
        ("plugins: [act.py]\npipelines: {p: {stages: [act]}}", (1, 1), "`plugins` is refused here"),
        ('"plugins": []\npipelines: {p: {stages: [repair_encoding]}}', (1, 1), "`plugins` is refused here"),
        ("pipelines:\n  p:\n    stages:\n    - remove_promo\n", (4, 7), "Did you mean `remove_promos`?"),
        (
            "pipelines:\n  p:\n    stages:\n    - remove_promos: {rules: [/etc/passwd]}\n",
            (4, 7),
            "names the file `passwd`",
        ),
        ("pipelines:\n  p:\n    stages:\n    - remove_clutter: {model: ../m.npz}\n", (4, 7), "names the file `m.npz`"),
        ("pipelines: {p: {stages: [*a]}}", (1, 26), "the alias `*a` is refused"),
        ("pipelines: [", (2, 1), "did not find expected node content"),
        (" ", (1, 1), "is empty"),
        ("x" * 70_000, (1, 1), "64,000 are taken here"),
    ],
    ids=["plugins", "quoted", "stage", "rules", "model", "alias", "unclosed", "empty", "long"],
)
def test_a_mistake_in_a_pipeline_has_its_place(house, yaml, place, message):
    found = mistakes(house, yaml)
    assert [(line, column) for line, column, words in found if message in words] == [place], found
    assert "root:" not in json.dumps(found)


def test_a_pipeline_that_comes_with_the_text_is_run(house):
    yaml = "pipelines:\n  mine:\n    stages:\n    - remove_promos\n"
    status, told = house.post("/v1/explain", {"text": ARTICLE, "yaml": yaml})
    assert status == 200
    assert [stage["name"] for stage in told["stages"]] == ["remove_promos"]
    assert "".join(piece["text"] for piece in told["pieces"]) == ARTICLE
    assert [piece["role"] for piece in told["pieces"] if "role" in piece] == ["newsletter"]


def test_it_may_use_the_stages_that_the_service_s_own_drop_ins_offer(acting):
    yaml = "pipelines:\n  mine:\n    stages:\n    - act\n"
    status, told = acting.post("/v1/explain", {"text": "One.\nadvert", "yaml": yaml})
    assert (status, [piece.get("role") for piece in told["pieces"]]) == (200, [None, "advert"])
    assert mistakes(acting, yaml) == []


def test_what_was_done_is_told_stage_by_stage(house):
    status, told = house.post("/v1/explain", {"text": ARTICLE})
    assert status == 200
    assert told["record"] == same_as_a_run(house, {"id": "", "text": ARTICLE})[0]
    stages = {stage["name"]: stage for stage in told["stages"]}
    assert stages["remove_promos"]["removed"] == len("Sign up for our newsletter\n")
    assert stages["extract_byline"]["facts"][0]["value"]["name"] == "JANE SMITH"
    assert told["removed"] == sum(stage["removed"] for stage in stages.values())


def test_a_hang_is_told_in_an_account_too(acting):
    status, told = acting.post("/v1/explain", {"text": "HANG"})
    assert (status, told["outcome"], told["pieces"]) == (200, "failed", [{"text": "HANG"}])


@pytest.mark.parametrize("body", [{}, {"text": 3}, {"text": "a", "more": 1}, [], {"yaml": "a"}])
def test_a_wrong_question_is_refused(house, body):
    assert house.post("/v1/explain", body)[0] == 400


# Its own description, and its clients


def test_the_description_names_every_address(house):
    described = json.loads(house.ask("GET", "/openapi.json")[2])
    assert set(described["paths"]) == {
        *("/v1/clean", "/v1/explain", "/v1/check", "/v1/pipelines", "/v1/schema"),
        *("/openapi.json", "/healthz", "/metrics"),
    }
    for path, methods in described["paths"].items():
        assert house.ask("GET", path)[0] == (200 if "get" in methods else 405)


@pytest.mark.slow
def test_the_service_is_as_it_describes_itself(house, tmp_path):
    program = shutil.which("schemathesis") or shutil.which("schemathesis", path=os.environ.get("SCHEMATHESIS_BIN", ""))
    if not program:
        pytest.skip("schemathesis is not here")
    address = f"http://127.0.0.1:{house.port}/openapi.json"
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [program, "run", address, "--checks", checks, "--max-examples", "60", "--seed", "1", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=400)
    assert done.returncode == 0, done.stdout


def examples(language):
    """The blocks of one language in the service's page of the documentation."""
    text = (ROOT / "docs/service.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here")
@pytest.mark.parametrize("number", range(4))
def test_the_examples_with_curl_run(house, tmp_path, number):
    (tmp_path / "article.txt").write_text(ARTICLE, "utf-8")
    (tmp_path / "news.jsonl").write_text(json.dumps({"id": "a", "text": ARTICLE}) + "\n", "utf-8")
    script = examples("sh")[number].replace("127.0.0.1:8765", f"127.0.0.1:{house.port}")
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    written = "".join(path.read_text("utf-8") for path in tmp_path.glob("clean.*"))
    assert "The bridge opened on Monday." in done.stdout + written


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not here")
def test_the_client_in_node_runs(house, tmp_path):
    (tmp_path / "client.mjs").write_text(
        examples("js")[0].replace("127.0.0.1:8765", f"127.0.0.1:{house.port}"), "utf-8"
    )
    documents = [{"id": f"{n}", "text": ARTICLE} for n in range(100)]
    (tmp_path / "news.jsonl").write_text("".join(json.dumps(one) + "\n" for one in documents), "utf-8")
    done = subprocess.run(
        ["node", "client.mjs", "news.jsonl"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "100 clean"
