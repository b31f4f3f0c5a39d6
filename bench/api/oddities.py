"""What no caller should send, by the place it stands in: tables for `bench/api/malformed.py`."""

# As the value of a field, in JSON; some of it is none.
JSON = (
    *b"null true false 0 -0.0 -1 1 1e400 -1e400 1e-400 9007199254740993 18446744073709551616".split(),
    *b"-9223372036854775809 NaN Infinity -Infinity 01 +1 .5 1. 0x10 1_000 nul ' \" {] \"\\x\" \"\\u12\"".split(),
    *b"\"\\ud800\" \"\\udfff\\ud800\"".split(),
    *b'"" "\\u0000" "\\u202e\\ufeff" "\\r\\nX-Injected:yes" "1" "-1" "NaN" "1e400" "true" "null"'.split(),
    *b'"../../x" [] {} [null] [[]] [1e400] ["\\ud800"] [0,-1,"",{}] {"":null} {"a":{"b":[]}} {"a":-1}'.split(),
    *b'{"a":1e308} {"a":"1"} {"__class__":1} {"topics":{"a":-1}} {"provider":"none","min_score":2}'.split(),
    *b'[{"role":"user","content":7}]'.split(), b'" "', b'"\x00"', b'"\x01\x1f\x7f"', b'"\xff\xfe"', b'"\xc0\xaf"',
    b'"\xed\xa0\x80"', b'"a\nb"', '"𝔘é\u2028"'.encode(), b"1" + b"0" * 5000, b"0." + b"3" * 5000, b"-" + b"9" * 400,
    b'"' + b"x" * 70_000 + b'"', b'"' + b"[(" * 9000 + b'"', b'"' + b"\\u0000" * 3000 + b'"',
    b"[" + b"1," * 20_000 + b"1]", b'"' + b"9" * 5000 + b'"', b'"' + b"1 QB " * 3000 + b'"',
    b'["' + b'","'.join(b"%d" % number for number in range(300)) + b'"]',
)  # fmt: skip
NAMES = (
    b'""', b'"\\u0000"', b'"\\ud800"', b'"__proto__"', b'"_row"', b'"' + b"n" * 10_000 + b'"', b'"\xff"', b'"a\\nb"',
    b'"$ref"',
)  # fmt: skip
# As a part of an address or a query: raw bytes, and bytes that are encoded.
TEXTS = (
    *b"0 -1 +1 1e400 NaN inf 1_000 0x10 true None null [] {} %00 %ff %FF%FE %ed%a0%80 %c0%ae%c0%ae %80 %".split(),
    *b"%z %zz %u0041 %25%30%30 .. . ../../../etc/passwd ..%2f..%2f %2e%2e/ %2e%2e%2fsample / // /// a/b".split(),
    *b"a//b %2F %5c ..\\x \\ ; ? & = # ~ * %3Cscript%3E %0d%0aX-Injected:%20yes %0aX-Injected:yes %0d %09".split(),
    *b"%7f %01 %e2%80%ae %ef%bb%bf %F0%9F%98%80 %D9%A1 %C2%A0 ${7*7} {{7*7}} '-- \x01 \x7f \xff \xc3\xa9".split(),
    *b"\xed\xa0\x80 \xef\xbb\xbf none-such 9007199254740993 -9223372036854775809 2026-13-41 0000-00-00".split(),
    *b"9999-12-31 %22a%20b %22 %22%22 ( %28%28%28 1,1,1 0.5,0.5 nan,1,1".split(), b"\x00", b"", b"9" * 5000,
    b"x" * 3000, b"x" * 9000, b"%00" * 900, b"%ff" * 900, b"/" * 1500, b"../" * 900, b"a=b&" * 800, b"," * 2000,
    b"%22" * 1200, b"a%20" * 900,
)  # fmt: skip
CURSOR_KEYS = (
    *b'null true 0 -1 1.5 1e308 9007199254740993 9223372036854775808 18446744073709551616 "" "a"'.split(),
    *b'"\\u0000" "2026" [] {}'.split(), b'"\\ud800"', b"1" + b"0" * 400, b'"' + b"x" * 4000 + b'"',
    b"[" * 500 + b"]" * 500,
)  # fmt: skip
METHODS = (
    *b"HEAD OPTIONS PATCH TRACE CONNECT PROPFIND get GeT PRI G\x00T \xff G(T GET, FOO POST PUT DELETE GET".split(),
    b"M" * 300, b"",
)  # fmt: skip
VERSIONS = (
    *b"HTTP/1.0 HTTP/0.9 HTTP/2.0 HTTP/1.9 HTTP/9.9 HTTP/1.1.1 HTTP/11 HTTP/1,1 http/1.1 HTTP/-1.1 ICY".split(),
    *b"HTTP/1.\xb2".split(), b"",
)  # fmt: skip
MEDIA_TYPES = (
    *b"text/plain text/csv application/xml application/x-www-form-urlencoded application/octet-stream".split(),
    *b"json / ; */* a/b/c multipart/form-data multipart/form-data;boundary=".split(),
    *b"application/json;charset=utf-16 application/json;;;= application/json;charset=none".split(),
    *b"application/vnd.apache.parquet application/x-ndjson application/problem+json x/\xff".split(), b"",
    b"multipart/form-data; boundary=" + b"b" * 300, b"application/json; " + b"a=b; " * 1000,
    b'application/json; charset="',
)  # fmt: skip
# Whole header lines.
STREAM_HEADERS = (
    b"Last-Event-ID: -1", b"Last-Event-ID: " + b"9" * 18, b"Last-Event-ID: " + b"9" * 5000, b"Last-Event-ID: \xd9\xa1",
    b"Last-Event-ID: \xb2", b"Last-Event-ID: 1e400", b"Last-Event-ID: \xff", b"Last-Event-ID: 0x1", b"Last-Event-ID: ",
    b"Last-Event-ID: 1\r\nLast-Event-ID: 2", b"Last-Event-ID: 1\x00", b"Last-Event-ID: 9999999999999999999",
)  # fmt: skip
HEADERS = (
    b"Host: a", b"Host:", b"Host: \xff\xfe", b"Host: a b", b"Host: ../..", b"Host: [::1", b"Host: x:99999",
    b"Host: x@y:z", b"Host: " + b"h" * 5000, b"Host: localhost:-1", b"Host: [::ffff:127.0.0.1%25lo]",
    b"Host: localhost.", b"Host: \xd9\xa1.2.3.4", b"Origin: null", b"Origin: ", b"Origin: http://localhost.evil.test",
    b"Origin: http://localhost:1:2", b"Origin: \xff", b"Origin: http://localhost\x0b", b"Origin: " + b"o" * 5000,
    b"Origin: http://localhost\r\nOrigin: http://evil.test", b"Access-Control-Request-Method: \xff", b"X-Request-ID: ",
    b"X-Request-ID: \xff", b"X-Request-ID: a b", b"X-Request-ID: a\x00b", b"X-Request-ID: a%0d%0aX-Injected: yes",
    b"X-Request-ID: " + b"r" * 3000, b"X-Request-ID: a\rX-Injected: yes", b"X-Request-ID: a\nX-Injected: yes",
    b"X-Request-ID: ../../x", b"X-Request-ID: a\x85b", b"X-Request-ID: a\r\nX-Request-ID: b",
    b"traceparent: 00-\xff-\xff-zz", b"traceparent: " + b"0" * 5000, b"tracestate: " + b"a=b," * 900,
    b"Range: bytes=0-", b"Range: bytes=9-1", b"Range: bytes=" + b"0-0," * 900, b"If-None-Match: *", b"If-Range: \xff",
    b"If-Modified-Since: yesterday", b"Accept: \xff", b"Accept: " + b"a/b," * 1500, b"Accept-Encoding: gzip;q=NaN",
    b"Accept-Charset: utf-7", b"Expect: 100-continue", b"Expect: 200-maybe", b"Connection: \xff",
    b"Connection: close, keep-alive, x", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13", b"Authorization: ",
    b"Authorization: Basic \xff", b"Authorization: Basic " + b"QQ" * 2000, b"Authorization: Bearer \x01",
    b"Authorization: Bearer \xff", b"Authorization: Digest a=,=,", b"Cookie: \xff=\xff; =; a",
    b"Cookie: " + b"a=b; " * 1500, b"X-Forwarded-For: " + b"1," * 1500, b"X-Forwarded-Proto: \xff", b'Forwarded: for="',
    b"X-Forwarded-Host: evil.test", b"X-Forwarded-Prefix: /x", b"X-HTTP-Method-Override: DELETE", b"SCRIPT_NAME: /x",
    b"Script-Name: /x", b"PATH_INFO: /x", b"REMOTE_USER: a", b"X_Y: 1", b"NoColon", b": empty", b" folded",
    b"A : space", b"A\x00B: 1", b"\xff: 1", b"A: \x00", b"A: \x08\x7f", b"A: b\r c", b"A: b\r\n folded",
    b"A: " + b"v" * 9000, b"A: " + b"v" * 70_000, b"A" * 9000 + b": 1",
    b"\r\n".join(b"H%d: 1" % number for number in range(90)),
    b"\r\n".join(b"H%d: 1" % number for number in range(3000)), b"Proxy-Connection: x\r\nProxy: http://evil.test",
    b"Content-Encoding: gzip", b"Content-Encoding: \xff", b"Trailer: Content-Length", b"TE: \xff",
    b"Date: " + b"9" * 400, b"Content-Type: text/plain\r\nContent-Type: application/json",
    b"Content-Range: bytes 9-1/0", b"Content-MD5: x",
)  # fmt: skip
LENGTHS = (
    b"-1", b"+5", b"5, 5", b"5,6", b"abc", b"", b" ", b"0x5", b"5.0", b"1e3", b"\xb2", b"\xd9\xa5", b"9" * 30,
    b"9" * 5000, b"5 5", b"5;", b"1_0",
)  # fmt: skip
CODINGS = (
    b"chunked", b"chunked, identity", b"identity, chunked", b"xchunked", b"chunked, chunked", b"gzip, chunked",
    b"chunked;q=1", b"\x0bchunked", b"CHUNKED ,", b"",
)  # fmt: skip
# Instead of a whole request.
REQUESTS = (
    b"", b"\r\n" * 500, b"\x00" * 300, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x7f" * 500,
    b"SSH-2.0-x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /api/health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET\r\n\r\n",
    b"GET /api/health\r\n\r\n", b"{}\r\n\r\n", b"\r\n\r\nGET /api/none HTTP/1.1\r\nConnection: close\r\n\r\n",
    b"GET /api/none HTTP/1.1\n\n", b"GET  /api/none  HTTP/1.1\r\n\r\n", b"\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n",
    b"G" * 100_000, b"GET\t/api/none\tHTTP/1.1\r\n\r\n", b"GET /api/a b HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 100_000,
    b"*3\r\n$3\r\nSET\r\n", b"<policy-file-request/>\x00",
)  # fmt: skip
ADDRESSES = (
    *b"* api/health //api/health /// /api/../api/health /api/./health /api//health /api/health/".split(),
    *b"/api/health// /api /api/%2e%2e/health /api%2fhealth /api/health%00 /api/health%ff /api/health;a=b".split(),
    *b"/api/health? /api/health#x / /API/HEALTH http://evil.test/api/health http://evil.test".split(),
    *b"https://[::1/api/health http:///api/health /api/ //evil.test/%2e%2e /api/none /api/v1 /api/v1/none".split(),
    *b"/api/v2/health /favicon.ico /robots.txt /.env /static/../../config.py /static/%2e%2e/x".split(),
    *b"/api/docs/assets/..%2f..%2fapi.py /metrics/../x /train.parquet /api/sample /api/sample/".split(),
    *b"/api/sample// /api/sample/%2f /api/batch/ /api/batches/ /api/\xff\xfe /api/\xc3\xa9".split(), b"", b"/api/\x01",
    b"/api/a\x00b", b"/api/%F0%9F%98%80", b"/api/none?" + b"a&" * 2000, b"/api/" + b"a/" * 4000, b"/api/" + b"x" * 4000,
    b"/api/" + b"x" * 70_000,
)  # fmt: skip
# In a multipart body.
FILE_NAMES = (
    b"a.jsonl", b"../../a.csv", b"\x00", b"\xff", b"n" * 9000, b'a"; x="', b"", b"a.parquet", b"a\r\nX-Injected: yes",
)  # fmt: skip
FILES = (
    b'{"id":"a"}\n', b"PAR1" * 9, b"[[", b"", b"\x00" * 500, b"\xff\xfe", b"id,question\n1,2\n", b"[" * 20_000,
    b'{"id":' * 2000,
)  # fmt: skip
