"""Client certificates: authorities and their files, and what a recogniser asks of one; as written to as used."""

from __future__ import annotations

import base64
import binascii
import re

from parclose.policy.certificates import CertificateMatch, ClientCa, Names
from parclose.policy.desk import Desk
from parclose.policy.nodes import Text
from parclose.policy.schema_base import where
from parclose.policy.schema_identity import MtlsSpec

_SEQUENCE = 0x30  # every certificate and every revocation list is one ASN.1 sequence (RFC 5280 sections 4.1 and 5.1)
# The trust domain is whole: `spiffe://acme*` would also mean `spiffe://acme.evil` (SPIFFE-ID section 2).
_SPIFFE = re.compile(r"spiffe://[a-z0-9._-]+(/[A-Za-z0-9._/-]+|/[A-Za-z0-9._/-]*\*)?")


def compile_client_cas(desk: Desk) -> None:
    """Read all authorities whose client certificates count."""
    for name, spec in desk.spec.client_cas.items():
        desk.client_cas[str(name)] = ClientCa(
            name=str(name),
            certificates=_blocks(desk, spec.file, "CERTIFICATE", "certificate"),
            revocations=_blocks(desk, spec.crl, "X509 CRL", "revocation list") if spec.crl is not None else (),
            where=where(name.mark),
        )


def _blocks(desk: Desk, file: Text, label: str, what: str) -> tuple[bytes, ...]:
    """Return what the PEM blocks of a file hold, as DER; what it holds is taken apart where chains are built."""
    content = desk.source.fetch(file, absolute=True)
    if content is None:
        return ()
    if b"PRIVATE KEY-----" in content:
        desk.report(
            "KEY001", file.mark, f"file `{file}` holds a private key where a {what} belongs", text=file,
            fix="keep the public half only, and replace the key: it has been where policies are",
        )  # fmt: skip
        return ()
    begin, end = re.escape(f"-----BEGIN {label}-----"), re.escape(f"-----END {label}-----")
    found: list[bytes] = []
    for body in re.findall(f"{begin}(.*?){end}".encode(), content, re.DOTALL):
        try:
            der = base64.b64decode(b"".join(body.split()), validate=True)
        except binascii.Error:
            der = b""
        if der[:1] != bytes([_SEQUENCE]):
            found.clear()
            break
        found.append(der)
    if len(found) != len(re.findall(begin.encode(), content)):
        found.clear()  # the last one has no end: the file was cut, and who knows what else was in it
    if not found:
        desk.report(
            "REF005", file.mark, f"file `{file}` holds no {what}, or a broken one", text=file,
            fix=f"write PEM: `-----BEGIN {label}-----`",
        )  # fmt: skip
    return tuple(found)


def certificate_match(desk: Desk, spec: MtlsSpec) -> CertificateMatch | None:
    """Return what a recogniser asks of a certificate, or None after it was reported."""
    if spec.ca is None:
        desk.report("AUT008", spec.mark, "a certificate of no authority proves nothing", fix="add `ca: NAME`")
        return None
    if not desk.knows(spec.ca, desk.spec.client_cas, "client CA", section="client_cas"):
        return None
    for index, pattern in enumerate(spec.san_dns or ()):
        if pattern.kind == "all":
            desk.report(
                "TYP002", spec.item_at("san_dns", index), "`*` asks nothing", fix="leave `san_dns` out for any name",
                text="*",
            )  # fmt: skip
    for text in spec.spiffe or ():
        if not _SPIFFE.fullmatch(text):
            desk.report(
                "TYP002", text.mark, f"`{text}` is no SPIFFE id", text=text,
                fix="write `spiffe://domain/path`, or a beginning within one domain: `spiffe://domain/*`",
            )  # fmt: skip
    for text in spec.subject or ():
        if "*" in text[:-1] or text == "*":
            desk.report(
                "TYP002", text.mark, f"`{text}`: `*` stands at the end only", text=text,
                fix="write a distinguished name such as `CN=robot,O=Acme`, or its beginning and `*`",
            )  # fmt: skip
    return CertificateMatch(
        ca=str(spec.ca),
        san_dns=tuple(spec.san_dns or ()),
        spiffe=_names(spec.spiffe or []),
        subject=_names(spec.subject or []),
    )


def _names(written: list[Text]) -> Names:
    return Names(
        exact=frozenset(str(text) for text in written if not text.endswith("*")),
        prefixes=tuple(str(text[:-1]) for text in written if text.endswith("*")),
    )
