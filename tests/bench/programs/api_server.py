"""An application of so many employees, and a bucket, in a process of their own; prints where they are."""

from __future__ import annotations

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import boto3
from moto.server import ThreadedMotoServer

PAGE = 1000


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, required=True)
    bodies = _bodies(parser.parse_args().records)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            page = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(bodies[page])))
            self.end_headers()
            self.wfile.write(bodies[page])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bucket = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    bucket.start()
    host, port = bucket.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    ).create_bucket(Bucket="landing")
    sys.stdout.write(json.dumps({"api": f"http://127.0.0.1:{server.server_address[1]}", "s3": endpoint}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


def _bodies(records: int) -> list[bytes]:
    pages = []
    for start in range(0, records, PAGE):
        end = min(start + PAGE, records)
        items = [
            f'{{"id": {n}, "name": "Employee {n}", "email": "employee.{n}@example.org", "salary": {3000 + n % 977}.50,'
            f' "unit": {{"id": {n % 40}, "name": "Unit {n % 40}"}}, "updated_at": "2026-03-{1 + n * 27 // records:02}T'
            f'{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z"}}'
            for n in range(start, end)
        ]
        following = f'"{end // PAGE}"' if end < records else "null"
        pages.append(f'{{"data": {{"items": [{", ".join(items)}]}}, "meta": {{"next": {following}}}}}'.encode())
    return pages


if __name__ == "__main__":
    main()
