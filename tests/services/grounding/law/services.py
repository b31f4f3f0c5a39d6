"""A server on loopback that answers as the official services do: redirects, texts being made, marks, ranges."""

import bz2
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from services.grounding.law.sources import Bases

PAGE_404 = "<!DOCTYPE html><html><body><h1>Page not found</h1></body></html>"
CLML = """<?xml version="1.0" encoding="utf-8"?>
<Legislation xmlns="http://www.legislation.gov.uk/namespaces/legislation"
 DocumentURI="http://www.legislation.gov.uk/ukpga/2011/7" IdURI="http://www.legislation.gov.uk/id/ukpga/2011/7"
 RestrictStartDate="2020-01-01"><ukm:Metadata xmlns:ukm="http://www.legislation.gov.uk/namespaces/metadata"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/"><dc:title>Harbour Lights Act 2011
</dc:title><dct:valid>2020-01-01</dct:valid></ukm:Metadata><Primary><Body>
<P1group><Title>Duty to keep a light</Title><P1 id="section-1"><Pnumber>1</Pnumber><P1para><P2><Pnumber>1</Pnumber>
<P2para><Text>A keeper must light the lamp.</Text></P2para></P2></P1para></P1></P1group>
<P1group><Title>Oil</Title>
<P1 id="section-26A"><Pnumber>26A</Pnumber><P1para><Text>No oil.</Text></P1para></P1></P1group>
<P1group Status="Repealed"><Title>Wicks</Title><P1 id="section-27"><Pnumber>27</Pnumber><P1para><Text>. . . .</Text>
</P1para></P1></P1group>
<P1group Status="Prospective"><Title>Gas</Title><P1 id="section-28"><Pnumber>28</Pnumber><P1para>
<Text>Gas may burn.</Text></P1para></P1></P1group></Body>
<Schedules><Schedule id="schedule-1"><Number>SCHEDULE 1</Number>
<TitleBlock><Title>Lamps</Title></TitleBlock><ScheduleBody><P1group><Title>Kinds</Title>
<P1 id="schedule-1-paragraph-1">
<Pnumber>1</Pnumber><P1para><Text>Oil lamps.</Text></P1para></P1></P1group></ScheduleBody></Schedule></Schedules>
</Primary></Legislation>"""
XHTML = """<html xmlns="http://www.w3.org/1999/xhtml"><body>
<p class="oj-doc-ti">REGULATION (EU) 2031/77 OF THE COUNCIL</p>
<p class="oj-doc-ti">of 16 April 2031</p><p class="oj-doc-ti">on lamps (Harbour Lamps Regulation)</p>
<div class="eli-subdivision" id="art_6"><p class="oj-ti-art">Article 6</p><p class="oj-sti-art">Keepers</p>
<p class="oj-normal">1.&#160;&#160;&#160;A keeper keeps:</p><table><tr><td><p class="oj-normal">(a)</p></td><td>
<p class="oj-normal">a lamp.</p></td></tr></table></div></body></html>"""
USLM = """<?xml version="1.0"?><uscDoc xmlns="http://xml.house.gov/schemas/uslm/1.0" identifier="/us/usc/t17"><meta/>
<main><title identifier="/us/usc/t17"><num value="17">Title 17—</num><heading>LAMPS</heading>
<section identifier="/us/usc/t17/s107"><num value="107">§ 107.</num><heading>Fair light</heading><subsection>
<num value="a">(a)</num><content>Light is free.</content></subsection></section>
<section identifier="/us/usc/t17/s110" status="repealed"><num value="110">[§ 110.</num><heading>Repealed.]</heading>
</section>
</title></main></uscDoc>"""
JUDGMENT = """<akomaNtoso xmlns:uk="https://caselaw.nationalarchives.gov.uk/akn"
 xmlns="http://docs.oasis-open.org/legaldocml/ns/akn/3.0"><judgment name="judgment"><meta><identification source="#tna">
<FRBRWork><FRBRuri value="https://caselaw.nationalarchives.gov.uk/id/uksc/2015/67"/><FRBRdate date="2015-11-04"/>
<FRBRname value="Marsh v Lighthouse Board"/></FRBRWork></identification><proprietary source="#">
<uk:cite>[2015] UKSC 67</uk:cite></proprietary></meta><judgmentBody><decision><paragraph eId="para_1"><num>1.</num>
<content><p>The lamp went out.</p></content></paragraph></decision></judgmentBody></judgment></akomaNtoso>"""


def zipped(**members: str) -> bytes:
    """Return a zip; "_" in a name stands for "/"."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


def case(number: int) -> str:
    """Return a case file of static.case.law."""
    return json.dumps(
        {
            "id": number,
            "name": "Marsh v. Board",
            "name_abbreviation": "Marsh v. Board",
            "decision_date": "1931-05-04",
            "docket_number": "No. 9",
            "first_page": str(number),
            "citations": [{"type": "official", "cite": f"530 U.S. {number}"}],
            "casebody": {"opinions": [{"type": "majority", "text": f"We hold {number}."}]},
        },
        indent=1,
    )


@dataclass
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]


@dataclass
class Answer:
    """What the server sends; `cut` bytes alone of a body whose length says more."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Services:
    """All services at one address; a test puts its own answers into `answers`, by path, used one after another."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, list[Answer | Callable[[Asked], Answer]]] = field(default_factory=dict)

    @property
    def bases(self) -> Bases:
        """The services' addresses."""
        return Bases(*(self.address,) * 6)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [one.path for one in self.asked]

    def answer(self, asked: Asked) -> Answer:
        """Return the next answer for a path; the last one again and again."""
        waiting = self.answers.get(asked.path)
        if not waiting:
            return Answer(404, PAGE_404.encode(), {"Content-Type": "text/html"})
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return found(asked) if callable(found) else found


def marked(body: bytes, etag: str = '"one"') -> Callable[[Asked], Answer]:
    """Return an answer that knows its mark: 304 where the caller has it, and ranges."""

    def answer(asked: Asked) -> Answer:
        headers = {"ETag": etag, "Last-Modified": "Wed, 01 Jan 2031 00:00:00 GMT"}
        if asked.headers.get("if-none-match") == etag:
            return Answer(304, b"", headers)
        wanted = asked.headers.get("range", "")
        if wanted and asked.headers.get("if-range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            return Answer(206, body[start:], {**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"})
        return Answer(200, body, headers)

    return answer


def usual(services: Services) -> None:
    """Give the services a text each, in the shapes of their real answers."""
    release = "/download/releasepoints/us/pl/119/23/xml_usc17@119-23.zip"
    services.answers = {
        "/ukpga/2011/7/data.xml": [
            Answer(202, b"<html>being made</html>", {"Retry-After": "3"}),
            marked(CLML.encode()),
        ],
        "/resource/celex/32031R0077": [
            lambda asked: (
                Answer(303, b"", {"Location": "/resource/cellar/9f.0006.01/DOC_1"})
                if "xhtml" in asked.headers.get("accept", "")
                else Answer(404)
            )
        ],
        "/resource/cellar/9f.0006.01/DOC_1": [marked(XHTML.encode())],
        "/download/download.shtml": [
            Answer(200, f'<a href="{release}" title="USC in XML">[XML]</a>'.encode(), {"Content-Type": "text/html"})
        ],
        release: [marked(zipped(usc17_dot_xml=USLM, readme_dot_txt="x"))],
        "/uksc/2015/67/data.xml": [
            Answer(301, b"", {"Location": "/uksc/2015/67/data.xml?"}),
            marked(JUDGMENT.encode()),
        ],
        "/uksc/2015/67/data.xml?": [marked(JUDGMENT.encode())],
        "/us/530.zip": [
            marked(
                zipped(
                    metadata__VolumeMetadata_dot_json="{}",
                    **{"json__0002-01.json": case(2), "json__0001-01.json": case(1)},
                )
            )
        ],
        "/bulk-data/opinions-1.csv.bz2": [
            marked(
                bz2.compress(b'"id","type","plain_text","html_with_citations","cluster_id"\n"1","010","So.","","7"\n')
            )
        ],
    }


@contextmanager
def serving() -> Iterator[Services]:
    """Serve on loopback until the end of the block."""
    state = Services()
    usual(state)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(self.path, {name.casefold(): value for name, value in self.headers.items()})
            state.asked.append(asked)
            answer = state.answer(asked)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            if answer.cut is not None:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, name="law", kwargs={"poll_interval": 0.01})
    thread.start()
    state.address = f"http://127.0.0.1:{made.server_port}"
    try:
        yield state
    finally:
        made.shutdown()
        thread.join()
        made.server_close()
