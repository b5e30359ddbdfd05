"""Writes the inputs that a fuzz target begins with: `seeds.py TARGET FOLDER`.

They are made of what the repository holds anyway: package fixtures, recorded exchanges of a real NocoBase, and the
sentences of the languages' tests. Each target's own file says how its input is laid out.
"""

import io
import json
import pathlib
import re
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE / "../crates/engine/tests/package/fixtures"
RECORDED = HERE / "../crates/client/tests/recorded/exchanges.jsonl"
LANGUAGES = HERE / "../prompts/languages"

# As in fuzz_targets/answers.rs: which letter is which call, and the places of statuses and kinds.
CALLS = {
    "__health_check": "a", "app:getInfo": "b", "backups:appInfo": "c", "applicationPlugins:list": "d",
    "auth:check": "e", "backup:list": "f", "backup:status": "g", "backup:restoreStatus": "h",
    "collections:list": "i", "orders:list": "j", "logger:list": "k", "logger:download": "l",
    "dataSources:list": "m", "backup:download": "n", "backup:restoreUpload": "o", "backup:create": "p",
    "backup:remove": "q", "environmentVariables:list": "r", "backupSettings:get": "s", "auth:signIn": "t",
}
STATUSES = [200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 500, 502, 503]
KINDS = ["application/json", "text/html", "application/gzip", "application/octet-stream", ""]


def packages():
    for file in sorted(FIXTURES.glob("*.nbdata")):
        yield file.read_bytes()


def dumps():
    for file in sorted(FIXTURES.glob("*.dump")):
        yield b"\0" + file.read_bytes()
    yield b"\1-- MySQL dump 10.13\nCREATE TABLE `users` (\n);\nINSERT INTO `users` VALUES (1);\n-- Dump completed\n"
    yield b"\2SQLite format 3\0\x10\0" + bytes(10) + b"\0\0\0\1" + bytes(4068)


def sealed():
    for package in packages():
        for edit in range(4):
            yield bytes([edit, 1, 2]) + package


def answers():
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        exchange = json.loads(line)
        call = CALLS.get(exchange["path"].rsplit("/", 1)[-1])
        if call is None or exchange["status"] not in STATUSES:
            continue
        answer = exchange.get("answer", "")
        text = answer if isinstance(answer, str) else json.dumps(answer)
        told = exchange["headers"].get("content-type", "").split(";")[0]
        kind = KINDS.index(told) if told in KINDS else 4
        yield f"{call}{chr(48 + STATUSES.index(exchange['status']))}{kind}{text}".encode()
    # An archive of logs is not among the recorded ones: it would be mostly noise.
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for name in ("system_2026-11-22.log", "system_error_2026-11-22.log"):
            lines = b'{"level":"info","message":"a","reqId":"1"}\nlevel=info message=a\n' * 3
            entry = tarfile.TarInfo(name)
            entry.size = len(lines)
            archive.addfile(entry, io.BytesIO(lines))
    yield b"l02" + whole.getvalue()
    yield b'h00{"data":{"inProgress":false,"message":"pg_restore: error: no"}}'
    yield b's00{"data":{"id":1,"keep":100,"scheduled":false}}'


def records():
    yield b'{"format":1,"number":1,"at":"2026-11-22T10:00:00Z","event":"runner_started","pid":1}\n'


def sentences():
    for file in sorted(LANGUAGES.glob("*/tests/*.toml")):
        for sentence in re.findall(r'^\s*"(.*)",?$', file.read_text(encoding="utf-8"), re.M)[::12]:
            yield ("test\ndev\n" + sentence).encode()


def sessions():
    auth = {
        "type": "oauth", "accessToken": "old-SECRET", "refreshToken": "refresh-SECRET",
        "expiresAt": "2026-01-01T00:00:00.000Z", "clientId": "client-1", "resource": "@/",
    }
    store = {
        "lastEnv": "dev",
        "envs": {
            "dev": {"apiBaseUrl": "@", "authType": "oauth", "auth": auth},
            "test": {"baseUrl": "@", "auth": {"type": "token", "accessToken": "token-SECRET"}},
            "odd": {"apibaseUrl": "not an address"},
        },
    }
    for status, answer in enumerate([
        {"access_token": "new-SECRET", "expires_in": 86400, "refresh_token": "newer-SECRET", "scope": "api"},
        {"error": "invalid_grant", "error_description": "grant request is invalid"},
        {"errors": [{"message": "no", "code": "INVALID_TOKEN"}]},
    ]):
        yield json.dumps(store).encode() + b"\0" + str(status).encode() + json.dumps(answer).encode()
    yield json.dumps(store).encode() + b'\0' + b'0{"currentEnv":"test"}'
    # dev's server repeats what it was sent, and what it was never sent: the token of test
    yield json.dumps(store).encode() + b'\0' + b'1{"refresh-SECRET" "old-SECRET" "token-SECRET"'


def main():
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    makers = {
        "package": packages, "dump": dumps, "sealed": sealed, "answers": answers, "records": records,
        "sentences": sentences, "sessions": sessions,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(makers[target]()):
        (folder / f"{number:03}").write_bytes(seed)


main()
