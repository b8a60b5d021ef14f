"""The API and the page: what they answer, and what is told of input that does not hold."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from bran.view.document_data import DocumentData, document_data
from bran.workflows.pipeline import Pipeline
from bran.workflows.serve.app import create_app
from bran.workflows.serve.extractor import Extractor, Job
from bran.workflows.serve.guard import SECURITY_HEADERS
from bran.workflows.serve.limits import Limits
from tests.serving import BLOCK, TEXT


def extract(client: TestClient, *documents: dict[str, Any], **more: Any) -> Any:
    return client.post("/api/extract", json={"documents": list(documents), **more})


def line(answer: Any, status: int, code: str) -> str:
    """The message of an error, which has the form that all have."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["code"] == code
    message: str = body["error"]["message"]
    assert "\n" not in message
    assert "Traceback" not in message
    return message


def test_what_is_found_is_what_the_model_finds(client: TestClient, pipeline: Pipeline) -> None:
    answer = extract(client, {"id": "mine", "text": TEXT})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["documents"]
    (relation,) = found["relations"]
    assert (relation["head"], relation["tail"]) == ("MESH:C1", "MESH:D1")
    expected = document_data(pipeline(TEXT)).model_dump(mode="json")
    assert found == {**expected, "id": "mine"}
    assert answer.json()["threshold"] == 0.0
    assert answer.json()["notes"] == []


def test_title_and_abstract_are_passages(client: TestClient) -> None:
    (found,) = extract(client, {"title": "Velorin.", "abstract": "It induced tremor."}).json()["documents"]
    assert found["text"] == "Velorin. It induced tremor."
    assert [passage["kind"] for passage in found["passages"]] == ["title", "abstract"]
    assert found["title"] == "Velorin."


def test_a_pubtator_block_keeps_its_mentions_and_is_compared_with_its_relations(client: TestClient) -> None:
    (found,) = extract(client, {"pubtator": BLOCK}).json()["documents"]
    assert found["id"] == "31"
    assert [mention["name"] for mention in found["mentions"]] == ["Velorin", "tremor"]
    assert [relation["status"] for relation in found["relations"]] == ["right"]


def test_a_relation_that_is_not_found_is_told_as_missed(client: TestClient) -> None:
    (found,) = extract(client, {"pubtator": BLOCK}, threshold=1).json()["documents"]
    assert [(relation["status"], relation["score"]) for relation in found["relations"]] == [("missed", None)]


def test_documents_come_back_in_their_order(client: TestClient) -> None:
    items = [{"text": f"Velorin induced tremor in {number} men."} for number in range(20)]
    found = extract(client, *items).json()["documents"]
    assert [document["text"] for document in found] == [item["text"] for item in items]
    assert [document["id"] for document in found] == [f"document-{number}" for number in range(1, 21)]


def test_types_that_the_model_does_not_know_are_left_out_with_a_note(client: TestClient) -> None:
    block = BLOCK.replace("31\tCID", "31\t23\t25\tin\tSpecies\t9606\n31\tCID")
    answer = extract(client, {"pubtator": block}).json()
    assert len(answer["documents"][0]["mentions"]) == 2
    (note,) = answer["notes"]
    assert "documents.0.pubtator:4" in note
    assert "Species" in note


def test_halves_of_characters_are_shown_as_such(client: TestClient) -> None:
    body = r'{"documents": [{"text": "Velorin \ud800 tremor \ude00\ud83d. \ud83d\ude00", "id": "\udfff"}]}'
    answer = client.post("/api/extract", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["documents"]
    assert found["text"] == "Velorin \ufffd tremor \ufffd\ufffd. \U0001f600"
    assert found["id"] == "\ufffd"
    assert [found["text"][m["start"] : m["end"]] for m in found["mentions"]] == ["Velorin", "tremor"]


MANY = "".join(f"{number}|t|a\n" for number in range(65))
BAD: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("no documents", {"documents": []}, 422, "invalid", "documents"),
    ("not an object", {"documents": ["words"]}, 422, "invalid", "documents.0"),
    ("nothing in it", {"documents": [{}]}, 422, "invalid", "expected one of text"),
    ("two kinds", {"documents": [{"text": "a", "pubtator": "b"}]}, 422, "invalid", "expected one of text"),
    ("id of a block", {"documents": [{"id": "1", "pubtator": BLOCK}]}, 422, "invalid", "brings its ids"),
    ("unknown key", {"documents": [{"txt": "a"}]}, 422, "invalid", "documents.0.txt"),
    ("wrong type", {"documents": [{"text": 7}]}, 422, "invalid", "found 7"),
    ("empty text", {"documents": [{"text": ""}]}, 422, "invalid", "documents.0.text: is empty"),
    ("blank text", {"documents": [{"text": TEXT}, {"text": " \n\u2003"}]}, 422, "invalid", "documents.1.text: is"),
    ("binary", {"documents": [{"text": "a\0b"}]}, 422, "invalid", "is binary"),
    ("empty abstract", {"documents": [{"title": "", "abstract": " "}]}, 422, "invalid", "title and abstract are empty"),
    ("empty block", {"documents": [{"pubtator": ""}]}, 422, "invalid", "documents.0.pubtator: is empty"),
    ("no block", {"documents": [{"pubtator": "words"}]}, 422, "invalid", "expected 'PMID|t|title'"),
    (
        "wrong offsets",
        {"documents": [{"pubtator": BLOCK.replace("31\t0\t7", "31\t1\t8")}]},
        422,
        "invalid",
        "documents.0.pubtator:2 (document 31): mention 1-8 'Velorin': expected 'elorin '",
    ),
    ("id twice", {"documents": [{"id": "1", "text": "a"}] * 2}, 422, "invalid", "id '1' stands twice"),
    ("long id", {"documents": [{"id": "1" * 201, "text": "a"}]}, 422, "invalid", "documents.0.id"),
    ("unknown name", {"documents": [{"text": "a"}], "threshold": "p99"}, 422, "invalid", "threshold 'p99': expected"),
    ("no threshold", {"documents": [{"text": "a"}], "threshold": 1.5}, 422, "invalid", "threshold"),
    ("truth as threshold", {"documents": [{"text": "a"}], "threshold": True}, 422, "invalid", "threshold"),
    ("too many", {"documents": [{"text": "a"}] * 65}, 413, "too_many", "more than 64"),
    ("too many in a block", {"documents": [{"pubtator": MANY}]}, 413, "too_many", "more than 64"),
    ("too long", {"documents": [{"text": "a" * 20_001}]}, 413, "too_long", "holds 20001 characters"),
    (
        "too many mentions",
        {"documents": [{"pubtator": "1|t|ab\n" + "1\t0\t1\ta\tChemical\tC1\n" * 1001}]},
        413,
        "too_long",
        "holds 1001 mentions; expected at most 1000",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "code", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_bad_input_is_one_clear_line(
    client: TestClient, body: dict[str, Any], status: int, code: str, message: str
) -> None:
    assert message in line(client.post("/api/extract", json=body), status, code)


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff\xfe{", b"[" * 100_000, b'{"documents": ' + b"1" * 5000 + b"}", b"\x80"]
)
def test_what_is_no_json_is_told(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/extract", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {}])
def test_what_another_page_may_send_unasked_is_not_taken_for_json(client: TestClient, headers: dict[str, str]) -> None:
    body = json.dumps({"documents": [{"text": TEXT}]})
    answer = client.post("/api/extract", content=body, headers=headers)
    told = line(answer, 422, "invalid")
    assert told == f"the body: Content-Type {headers.get('Content-Type', '')!r}; expected application/json"


def test_control_characters_are_read_as_spaces_with_a_note(client: TestClient) -> None:
    answer = extract(client, {"text": "Velorin\x07tremor\x07."}).json()
    assert answer["documents"][0]["text"] == "Velorin tremor ."
    (note,) = answer["notes"]
    assert note == "documents.0.text:1: control character U+0007; expected text, read as a space (2 times)"


def test_the_body_is_limited(pipeline: Pipeline) -> None:
    with TestClient(create_app(pipeline, Limits(body=100)), base_url="http://localhost") as client:
        assert "100 bytes" in line(extract(client, {"text": "a" * 100}), 413, "too_large")
        pieces = client.post("/api/extract", content=(b"a" * 30 for _ in range(5)))
        assert "100 bytes" in line(pieces, 413, "too_large")


def test_unknown_addresses_and_methods(client: TestClient) -> None:
    line(client.get("/nothing"), 404, "not_found")
    line(client.get("/assets/../../model.json"), 404, "not_found")
    line(client.get("/assets/view/..%2F..%2Fmodels%2Fcdr%2Fmodel.json"), 404, "not_found")
    line(client.get("/api/extract"), 405, "method_not_allowed")
    line(client.get("/docs"), 404, "not_found")


def test_the_model_is_described(client: TestClient, pipeline: Pipeline) -> None:
    found = client.get("/api/model").json()
    assert (found["name"], found["hash"], found["threshold"]) == ("tiny", pipeline.hash, 0.0)
    assert found["relation_types"] == ["CID"]
    assert [type_["name"] for type_ in found["entity_types"]] == ["Chemical", "Disease"]
    assert found["calibrated"] is False
    assert found["limits"]["documents"] == Limits().documents


def test_health_counts(client: TestClient) -> None:
    before = client.get("/health").json()
    extract(client, {"text": TEXT}, {"text": TEXT})
    after = client.get("/health").json()
    assert after["documents"] - before["documents"] == 2
    assert after["batches"] - before["batches"] == 1
    assert client.get("/ready").json() == {"status": "ready"}


def test_the_page_and_all_that_it_loads(client: TestClient) -> None:
    index = client.get("/")
    assert index.headers["content-type"].startswith("text/html")
    assert "style=" not in index.text
    names = [word.split('"')[1] for word in index.text.split() if "/assets/" in word]
    assert len(names) == 5
    for name in names:
        assert client.get(name).status_code == 200
    assert client.get("/assets/serve/result.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/", "/api/model", "/nothing", "/assets/serve/serve.js"])
def test_headers_keep_the_page_to_itself(client: TestClient, path: str) -> None:
    headers = client.get(path, headers={"Origin": "http://elsewhere.example"}).headers
    assert SECURITY_HEADERS.items() <= {name: headers.get(name, "") for name in SECURITY_HEADERS}.items()
    assert "unsafe" not in headers["content-security-policy"]
    assert not [name for name in headers if name.startswith("access-control") or name == "set-cookie"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200), ("127.0.0.1", 200), ("127.0.0.1:80", 200), ("[::1]:8000", 200), ("[::1]", 200),
        ("LOCALHOST", 200), ("bran.example:8000", 421), ("127.0.0.1.example", 421), ("", 421),
        ("localhost.example", 421), ("10.0.0.1", 421),
    ],
)  # fmt: skip
def test_other_hosts_are_refused(client: TestClient, host: str, status: int) -> None:
    answer = client.get("/health", headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        line(answer, 421, "wrong_host")


def test_other_hosts_are_served_where_that_is_wanted(pipeline: Pipeline) -> None:
    with TestClient(create_app(pipeline, local=False)) as client:
        assert client.get("/health", headers={"Host": "bran.example"}).status_code == 200


def test_a_line_for_each_request(pipeline: Pipeline) -> None:
    lines: list[str] = []
    with TestClient(create_app(pipeline, log=lines.append), base_url="http://localhost") as client:
        client.get("/health?secret=1")
        client.get("/a%0Ab")
    assert [line.split()[2:5] for line in lines] == [["GET", "/health", "200"], ["GET", "/a%0Ab", "404"]]


def test_a_fault_is_told_without_its_trace(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Extractor, jobs: Sequence[Job]) -> list[tuple[DocumentData, ...]]:
        raise RuntimeError("secret")

    monkeypatch.setattr(Extractor, "__call__", fail)
    app = create_app(pipeline)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = extract(client, {"text": TEXT})
        assert "secret" not in line(answer, 500, "fault")
        assert SECURITY_HEADERS.keys() <= {name.title() for name in answer.headers} | SECURITY_HEADERS.keys()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert client.get("/health").status_code == 200


def test_what_takes_too_long_is_given_up(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Extractor, "__call__", lambda self, jobs: time.sleep(0.3))
    with TestClient(create_app(pipeline, Limits(seconds=0.05)), base_url="http://localhost") as client:
        assert "0.05 s" in line(extract(client, {"text": TEXT}), 504, "timeout")


def test_while_too_much_waits_it_says_when_to_come_again(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, extract_now = threading.Event(), Extractor.__call__

    def wait(self: Extractor, jobs: Sequence[Job]) -> list[tuple[DocumentData, ...]]:
        assert gate.wait(20)
        return extract_now(self, jobs)

    monkeypatch.setattr(Extractor, "__call__", wait)
    with (
        TestClient(create_app(pipeline, Limits(queue=1)), base_url="http://localhost") as client,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(extract, client, {"text": TEXT})
        while client.get("/ready").status_code == 200:
            time.sleep(0.01)
        refused = extract(client, {"text": TEXT})
        assert "waiting already" in line(refused, 503, "busy")
        assert refused.headers["Retry-After"] == "1"
        gate.set()
        assert first.result(20).status_code == 200
        assert client.get("/ready").status_code == 200
