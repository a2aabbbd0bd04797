"""A request is served when it is there whole, not before and not later, however its bytes come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.web.request_bytes import RequestBytes

MOST = 1_000
HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "no body": b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "no length": HEAD + b"\r\n",
    "length 0": HEAD + b"Content-Length: 0\r\n\r\n",
    "body": HEAD + b"Content-Length: 5\r\n\r\nabcde",
    "length in other letters": HEAD + b"content-LENGTH:5\r\n\r\nabcde",
    "body like an end": HEAD + b"Content-Length: 9\r\n\r\n0\r\n\r\n\r\n\r\n",
    "largest body": HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * MOST,
    "chunks": CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
    "chunk like an end": CHUNKED + b"9\r\n0\r\n\r\n0\r\n\r\r\n0\r\n\r\n",
    "no chunks": CHUNKED + b"0\r\n\r\n",
    "trailers": CHUNKED + b"1\r\na\r\n00\r\nX: y\r\nZ: a\r\n\r\n",
    "capital chunk": HEAD + b"TRANSFER-ENCODING: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
}
REFUSED_BY_ITS_HEAD = {
    "one byte too many": HEAD + b"Content-Length: 1001\r\n\r\n",
    "far too many": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    "negative": HEAD + b"Content-Length: -1\r\n\r\n",
    "no number": HEAD + b"Content-Length: 5_0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "another coding": HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    "two codings": HEAD + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunk size": CHUNKED + b"zz\r\n",
    "negative chunk": CHUNKED + b"-5\r\n",
    "chunk size without end": CHUNKED + b"1" * 10_000,
    "head without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 80_000,
    "trailers without end": CHUNKED + b"0\r\n" + b"X: y\r\n" * 80_000,
    "chunks without end": CHUNKED + b"fffff\r\n",
}


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_however_it_is_cut_it_is_whole_with_its_last_byte(name, data):
    request = WHOLE[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(request) - 1), max_size=8)))
    bounds = [0, *cuts, len(request)]
    arriving = RequestBytes(MOST)
    said = [arriving.add(request[a:b]) for a, b in pairwise(bounds)]
    assert said == [False] * len(cuts) + [True]
    assert arriving.data == request
    assert len(arriving) == len(request)


@pytest.mark.parametrize("name", WHOLE)
def test_byte_by_byte(name):
    arriving = RequestBytes(MOST)
    said = [arriving.add(WHOLE[name][n : n + 1]) for n in range(len(WHOLE[name]))]
    assert said.index(True) == len(said) - 1


@pytest.mark.parametrize("name", REFUSED_BY_ITS_HEAD)
def test_what_will_be_refused_is_not_waited_for(name):
    assert RequestBytes(MOST).add(REFUSED_BY_ITS_HEAD[name])


@pytest.mark.parametrize(
    ("request_", "expects"),
    [
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", True),
        (HEAD + b"expect:100-Continue\r\nContent-Length: 5\r\n\r\n", True),
        (HEAD + b"Expect: 100-continue\r\n", False),  # the head is not there yet
        (HEAD + b"Content-Length: 50\r\n\r\n\r\nExpect: 100-continue", False),
        (HEAD + b"Content-Length: 5\r\n\r\n", False),
    ],
)
def test_who_waits_for_a_word_is_known_by_its_head(request_, expects):
    arriving = RequestBytes(MOST)
    assert not arriving.add(request_)
    assert arriving.expects_a_word is expects
