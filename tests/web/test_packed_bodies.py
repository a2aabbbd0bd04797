"""Bodies that a client has packed: gzip is unpacked within the limit, anything else is 415."""

import gzip
import io
import json
import zlib

import pytest

from cds_service.wiring import build_app
from tests.builders import NOW
from tests.installation import an_installation
from tests.standard.calls import a_body
from tests.web.test_whole_service import WHOLE

LIMIT = 1_000_000
URL = "/cds-services/aa-trial-titration"
BODY = a_body(prefetch=WHOLE)


@pytest.fixture(scope="module")
def http():
    return build_app(an_installation(max_body_bytes=LIMIT), lambda: NOW.instant).test_client()


def sent(http, body, packing, url=URL):
    return http.post(url, data=body, content_type="application/json", headers={"Content-Encoding": packing})


@pytest.mark.parametrize("packing", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_body_packed_by_gzip_is_the_body(http, packing):
    reply = sent(http, gzip.compress(BODY), packing)
    assert reply.status_code == 200
    plain = http.post(URL, data=BODY, content_type="application/json").get_json()
    assert [card["summary"] for card in reply.get_json()["cards"]] == [c["summary"] for c in plain["cards"]]


def test_feedback_may_be_packed_too(http):
    body = json.dumps({"feedback": []}).encode()
    assert sent(http, gzip.compress(body), "gzip", f"{URL}/feedback").status_code == 400  # no item, but read


@pytest.mark.parametrize("packing", ["identity", ""])
def test_not_packed_is_a_packing(http, packing):
    assert sent(http, BODY, packing).status_code == 200


@pytest.mark.parametrize("packing", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "compress"])
def test_another_packing_is_415(http, packing):
    assert sent(http, zlib.compress(BODY), packing).status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BODY,
        gzip.compress(BODY)[:-1],
        gzip.compress(BODY)[:-9],
        gzip.compress(BODY) + b"x",
        gzip.compress(BODY) + gzip.compress(BODY),
        b"\x1f\x8b" + b"\0" * 20,
        zlib.compress(BODY),
    ],
    ids=["nothing", "not packed", "cut", "without its sum", "and more", "twice", "broken", "zlib"],
)
def test_what_is_no_gzip_is_400(http, body):
    assert sent(http, body, "gzip").status_code == 400


@pytest.mark.parametrize("size", [LIMIT + 1, 50 * LIMIT])
def test_what_unpacks_to_more_than_the_limit_is_413(http, size):
    packed = gzip.compress(b" " * size)
    assert len(packed) < LIMIT
    assert sent(http, packed, "gzip").status_code == 413


def test_a_body_of_the_limit_is_taken(http):
    padded = BODY + b" " * (LIMIT - len(BODY))
    assert sent(http, gzip.compress(padded), "gzip").status_code == 200


class InPieces(io.BytesIO):
    """A connection that gives a few bytes at a time, whatever is asked for."""

    def readinto(self, buffer):
        piece = self.read(min(len(buffer), 1_000))
        buffer[: len(piece)] = piece
        return len(piece)


def in_pieces(http, announced):
    environ = {"CONTENT_LENGTH": str(announced)}
    return http.post(
        URL, input_stream=InPieces(BODY), content_type="application/json", environ_overrides=environ
    )


def test_a_body_that_comes_in_pieces_is_whole(http):
    assert in_pieces(http, len(BODY)).status_code == 200


def test_a_body_that_breaks_off_is_the_clients_fault(http):
    assert in_pieces(http, len(BODY) + 1).status_code == 400
