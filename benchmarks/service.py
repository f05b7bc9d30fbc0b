"""The service under load: documents a second and how long a request takes, at 1, 16 and 64 connections.

    .venv/bin/python benchmarks/service.py --seconds 10 --workers 2

Each connection sends one request after another, of one document or of 32 as NDJSON, and holds each record that comes
back against the document that it sent: what is lost, doubled or out of order is counted and is an error. Client,
service and workers share the machine's processors. Where wrk is on the path it says how many single requests it gets
through.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
CONNECTIONS = (1, 16, 64)
BATCH = 32
KINDS = {1: "application/json", BATCH: "application/x-ndjson"}
START = "from copydesk.cli.serve import Serve; Serve(port=0, workers={}, connections=80)()"


def article():
    """Some 4 kB: the founding sample where it is here, else one of our own several times."""
    founding = sorted((ROOT.parent / "shared/samples").glob("*.txt"))
    return founding[0].read_text("utf-8") if founding else (ROOT / "samples/bridge.txt").read_text("utf-8") * 5


def started(workers):
    """A service in its own process, its port, and the file that it complains to; it is ready."""
    errors = Path(tempfile.mkdtemp()) / "errors"
    with errors.open("wb") as sink:
        process = subprocess.Popen([sys.executable, "-c", START.format(workers)], cwd=ROOT, stderr=sink)
    while not (found := re.search(r":(\d+)/ ", errors.read_text("utf-8"))):
        time.sleep(0.1)
    port = int(found[1])
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                if json.load(answer)["workers"] == workers:
                    return process, port, errors
        except OSError:
            pass
        time.sleep(0.2)


class Client:
    """Connections that send documents with ids of their own until the time is over."""

    def __init__(self, port, batch, seconds):
        self.port = port
        self.batch = batch
        self.until = time.monotonic() + seconds
        self.text = article()
        self.numbers = count()
        self.sent = self.back = 0
        self.wrong = []
        self.took = []

    async def connection(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while time.monotonic() < self.until:
            ids = [f"{next(self.numbers)}" for _ in range(self.batch)]
            body = "\n".join(json.dumps({"id": one, "text": self.text}) for one in ids).encode()
            head = f"POST /v1/clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: {KINDS[self.batch]}\r\n"
            start = time.monotonic()
            self.sent += len(ids)
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            status, answer = await answered(reader)
            self.took.append(time.monotonic() - start)
            self.check(status, answer, ids)
        writer.close()
        await writer.wait_closed()

    def check(self, status, answer, ids):
        records = [json.loads(line) for line in answer.splitlines()] if status == 200 else []
        if [one["id"] for one in records if "outcome" not in one] == ids:
            self.back += len(records)
        else:
            self.wrong.append((status, answer[:200]))


async def answered(reader):
    """The status and the body of an answer, with a length or in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(None, 2)[1])
    if length := re.search(rb"content-length: (\d+)", head):
        return status, await reader.readexactly(int(length[1]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return status, body


async def load(port, connections, batch, seconds):
    client = Client(port, batch, seconds)
    start = time.monotonic()
    await asyncio.gather(*(client.connection() for _ in range(connections)))
    return client, time.monotonic() - start


def row(port, connections, batch, seconds):
    """One line of the table; whether all came back."""
    client, took = asyncio.run(load(port, connections, batch, seconds))
    cuts = statistics.quantiles(client.took, n=100) if len(client.took) > 1 else client.took * 100
    lost = client.sent - client.back
    figures = f"{client.back / took:,.0f} | {cuts[49] * 1000:,.0f} | {cuts[98] * 1000:,.0f}"
    print(f"| {connections} | {batch} | {figures} | {client.back:,} | {lost} |", flush=True)
    for wrong in client.wrong[:3]:
        print(f"  {wrong}", file=sys.stderr)
    return lost == 0


def wrk(port, seconds):
    """What wrk says of single requests at each number of connections."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        body = json.dumps(json.dumps({"text": article()}))
        kind = 'wrk.headers["Content-Type"] = "application/json"'
        script.write_text(f'wrk.method = "POST"\n{kind}\nwrk.body = {body}\n', "utf-8")
        for connections in CONNECTIONS:
            command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
            done = subprocess.run(
                [*command, f"http://127.0.0.1:{port}/v1/clean"], capture_output=True, text=True, check=True
            )
            told = re.findall(r"(50%|99%|Requests/sec:|Non-2xx or 3xx responses:|timeout) +(\S+)", done.stdout)
            print(f"wrk, {connections} connections: {', '.join(f'{name} {figure}' for name, figure in told)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    process, port, errors = started(asked.workers)
    try:
        print(f"{asked.workers} workers, {os.cpu_count()} processors, articles of {len(article()):,} characters\n")
        print("| connections | documents a request | documents/s | p50, ms | p99, ms | answered | lost |")
        print("|---|---|---|---|---|---|---|")
        whole = [row(port, n, batch, asked.seconds) for batch in KINDS for n in CONNECTIONS]
        if shutil.which("wrk"):
            wrk(port, asked.seconds)
    finally:
        process.terminate()
        process.wait(30)
    print(errors.read_text("utf-8"), file=sys.stderr)
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
