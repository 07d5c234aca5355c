"""Judges what flowed where: the same flow is a service at work in one skill and theft in another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import Danger, danger_of
from skillyard.skill.scan.finding import Finding, Rule, Severity
from skillyard.skill.scan.flow import catalog
from skillyard.skill.scan.flow.context import Context, finding_at, hosts_in, is_local, is_shady, is_vendors
from skillyard.skill.scan.flow.model import HOLE, Flow, Sink, Source, Taint, words_in
from skillyard.skill.scan.flow.package import Analysis, Unit
from skillyard.skill.scan.flow.places import file_fits_host, is_somebodys, name_fits_host
from skillyard.skill.scan.known import host_of

_RUNS = (Sink.SHELL, Sink.CODE, Sink.PROGRAM)
_WATCHED = (Source.CLIPBOARD, Source.SCREEN, Source.KEYS, Source.DOCUMENTS)
_MODEL_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy", ".npz", ".ckpt", ".yaml", ".yml")
_DATA_HOSTS = ("huggingface", "hf.co", "pytorch.org", "download.", "storage.googleapis", "zenodo", "kaggle")

_WALLET = re.compile(r"\b0x[0-9a-fA-F]{40}\b|\bbc1[0-9a-z]{20}|0x\[0-9a-fA-F\]\{40\}|\[13\]\[a-km-z")

_STORES = (
    "upload_file",
    "upload_fileobj",
    "put_object",
    "send_document",
    "sendDocument",
    "files_upload",
    "upload_blob",
)

Weight = tuple[Severity, float]
_CERTAIN: Weight = (Severity.CRITICAL, 0.95)
_LIKELY: Weight = (Severity.HIGH, 0.75)
_POSSIBLE: Weight = (Severity.HIGH, 0.65)
_NOTE: Weight = (Severity.MEDIUM, 0.5)
_TRIFLE: Weight = (Severity.LOW, 0.5)


def findings_of_flows(context: Context, analysis: Analysis) -> Iterator[Finding]:
    """Findings for every flow that means something."""
    for flow in analysis.trace.flows:
        unit = analysis.units.get(flow.file)
        if unit is None:
            continue
        if flow.sink is Sink.NETWORK and flow.taints:
            yield from _sent(context, unit, flow, analysis)
        elif flow.sink in _RUNS:
            yield from _run(context, unit, flow)
        elif flow.sink is Sink.LOAD:
            yield from _loaded(context, unit, flow)
        elif flow.sink is Sink.REPLACE_CLIPBOARD and ".paste()" in unit.text:
            severity = Severity.HIGH if _WALLET.search(unit.text) else Severity.LOW
            evidence = f"{flow.how}: the clipboard is read and replaced: {unit.source_line(flow.line)}"
            yield finding_at(context, catalog.WATCHES_USER, unit, flow.line, evidence, severity=severity)
        if (flow.is_hidden and flow.sink is not Sink.NETWORK and flow.how != "eval") or (
            flow.is_hidden and flow.sink is Sink.CODE
        ):
            yield finding_at(
                context, catalog.HIDDEN_CALL, unit, flow.line, f"{flow.how}: {unit.source_line(flow.line)}"
            )


def _sent(context: Context, unit: Unit, flow: Flow, analysis: Analysis) -> Iterator[Finding]:
    hosts = hosts_in(flow.texts)
    if hosts and all(is_local(host) for host in hosts):
        return
    if not hosts and any(text.startswith(("/", "./")) for text in flow.texts):
        return  # an address of the page's own server
    for taint in sorted(flow.taints):
        if taint.source in (Source.DOWNLOAD, Source.DECODED):
            continue
        weight = _weight_of_sending(context, unit, flow, taint, hosts, analysis)
        if weight is None:
            continue
        rule = catalog.SECRET_SENT
        if taint.source is Source.SECRET_VARIABLE:
            rule = catalog.KEY_TO_STRANGER
        elif taint.source in _WATCHED:
            rule = catalog.WATCHES_USER
        where = ", ".join(hosts) or "an address that is set at run time"
        evidence = f"{taint.what} ({taint.source.value}) → {flow.how} → {where}: {unit.source_line(flow.line)}"
        yield finding_at(context, rule, unit, flow.line, evidence, severity=weight[0], confidence=weight[1])


def _weight_of_sending(
    context: Context, unit: Unit, flow: Flow, taint: Taint, hosts: list[str], analysis: Analysis
) -> Weight | None:
    shady = any(is_shady(host) for host in hosts)
    named = bool(hosts) and all(context.names(host) for host in hosts)
    if unit.is_document:
        named = bool(hosts) and all(context.is_about(f"https://{host}/") for host in hosts)
    if taint.source is Source.SECRET_VARIABLE:
        return _weight_of_key(context, unit, taint, hosts, shady, analysis)
    if hosts and all(file_fits_host(taint.what, host) or is_fitting_tool(flow.how, taint.what) for host in hosts):
        return None if not taint.whole else _TRIFLE
    if taint.source is Source.ENV_FILE:
        if not taint.whole or not hosts:
            return _NOTE if shady else None
        return _LIKELY if shady or not named else _NOTE
    if taint.source is Source.KEYS:
        return _CERTAIN if hosts or shady else _POSSIBLE
    if taint.source in (Source.CLIPBOARD, Source.SCREEN, Source.DOCUMENTS):
        return _LIKELY if shady else _NOTE if hosts and not named else _TRIFLE
    if taint.source is Source.CLOUD:
        own = all(host.startswith(("169.254.", "metadata.")) for host in hosts)
        return None if own and hosts else _CERTAIN if taint.whole and hosts else _NOTE
    if not taint.whole:
        return _POSSIBLE if shady else _NOTE if hosts and not named else _TRIFLE
    if not hosts and not _is_public(flow.how):
        return _NOTE
    if taint.source is Source.BROWSER and taint.what in ("localStorage", "sessionStorage", "document.cookie"):
        return _LIKELY if shady or not named else _NOTE
    if taint.source is Source.ENVIRONMENT and named and not shady:
        return _POSSIBLE
    return _CERTAIN


def _is_public(how: str) -> bool:
    """Whether a tool publishes or posts without being told an address."""
    return how.endswith(_STORES) or how.startswith(
        ("gh ", "glab ", "ipfs", "wormhole", "croc", "npm", "git push", "pastebinit", "telegram", "mail", "sendmail")
    )


def is_fitting_tool(how: str, what: str) -> bool:
    return (how.startswith("gh ") and "/gh" in what) or (how.startswith("aws ") and ".aws" in what)


def _weight_of_key(
    context: Context, unit: Unit, taint: Taint, hosts: list[str], shady: bool, analysis: Analysis
) -> Weight | None:
    name = taint.what
    if not hosts:
        return None
    strange = [host for host in hosts if not is_local(host) and not name_fits_host(name, host)]
    if not strange:
        return _POSSIBLE if shady and (is_somebodys(name) or _goes_elsewhere(name, hosts, analysis)) else None
    if shady:
        return None if unit.is_document and context.is_about(f"https://{strange[0]}/") else _POSSIBLE
    if unit.is_document or all(context.names(host) for host in strange):
        return None
    if is_somebodys(name):
        return _POSSIBLE if taint.whole else _NOTE
    return _NOTE if _goes_elsewhere(name, hosts, analysis) else None


def _goes_elsewhere(name: str, hosts: list[str], analysis: Analysis) -> bool:
    """Whether the same key is sent to another service, which it fits."""
    others = {
        host for flow in analysis.trace.flows if flow.sink is Sink.NETWORK
        for taint in flow.taints if taint.what == name for host in hosts_in(flow.texts)
    }  # fmt: skip
    domains = {".".join(host.split(".")[-2:]) for host in hosts}
    return any(name_fits_host(name, host) and ".".join(host.split(".")[-2:]) not in domains for host in others)


def _run(context: Context, unit: Unit, flow: Flow) -> Iterator[Finding]:
    for taint in sorted(flow.taints):
        if taint.source is Source.DOWNLOAD and _is_run_itself(flow):
            weight = _weight_of_download(context, unit, flow, taint.what)
            if weight is not None:
                evidence = f"{taint.what} → {flow.how}: {unit.source_line(flow.line)}"
                yield finding_at(
                    context, catalog.DOWNLOAD_RUN, unit, flow.line, evidence, severity=weight[0], confidence=weight[1]
                )
        elif taint.source is Source.DECODED and flow.sink is not Sink.PROGRAM:
            texts = " ".join(flow.texts)
            weight = (Severity.CRITICAL, 0.92) if danger_of(texts) is Danger.HOSTILE else _LIKELY
            evidence = f"{flow.how}: {taint.what} … from {unit.source_line(flow.line)}"
            yield finding_at(
                context, catalog.DECODED_RUN, unit, flow.line, evidence, severity=weight[0], confidence=weight[1]
            )
    if flow.texts:
        yield from _data_run(context, unit, flow)


def _is_run_itself(flow: Flow) -> bool:
    """Whether the download is the program and not merely one of its arguments."""
    return flow.sink is Sink.PROGRAM or any(
        text.startswith(HOLE) or not text.strip() or "//" in text for text in flow.texts
    )


def _weight_of_download(context: Context, unit: Unit, flow: Flow, address: str) -> Weight | None:
    if address.startswith("a ") or address == "flask.request":  # whoever connects says what runs
        return _NOTE if re.search(r"localhost|127\.0\.0\.1", unit.text) else _LIKELY
    host = host_of(address) if "//" in address else (hosts_in((address,)) or [""])[0]
    if host and is_local(host):
        return None
    if address and is_vendors(address):
        return _TRIFLE if flow.sink is Sink.CODE else (Severity.INFO, 0.9)
    if is_shady(address):
        return (Severity.HIGH, 0.85) if unit.is_document or flow.sink is Sink.PROGRAM else (Severity.CRITICAL, 0.92)
    if not host:
        return (Severity.MEDIUM, 0.55) if flow.sink is Sink.CODE else _TRIFLE
    if context.is_about(address) or host.endswith(("githubusercontent.com", "github.com")):
        return _NOTE
    if address.startswith("http://"):
        return _LIKELY
    return _LIKELY if flow.sink is Sink.CODE else _POSSIBLE


def _data_run(context: Context, unit: Unit, flow: Flow) -> Iterator[Finding]:
    """A file of the skill that is run and does not look like a script."""
    for text in flow.texts:
        if len(text) > 200 or "\n" in text or not text.strip(HOLE + "./"):
            continue
        name = text.removeprefix("./").rpartition(HOLE)[2].lstrip("/")
        file = next(
            (file for file in context.subject.files if name and (file.path == name or file.path.endswith(f"/{name}"))),
            None,
        )
        if file is None:
            continue
        looks_like_data = file.suffix in _DATA_SUFFIXES
        is_hidden = file.name.startswith(".") or "/." in f"/{file.path}"
        if looks_like_data or (is_hidden and file.name not in (".env", ".envrc") and flow.sink is not Sink.CODE):
            weight = (
                _POSSIBLE if looks_like_data and file.name.rpartition(".")[2] not in ("md", "json", "html") else _NOTE
            )
            evidence = f"{flow.how} {file.path}: {unit.source_line(flow.line)}"
            yield finding_at(
                context, catalog.RUNS_DATA, unit, flow.line, evidence, severity=weight[0], confidence=weight[1]
            )
        return


_DATA_SUFFIXES = words_in(
    ".dat .data .txt .png .jpg .jpeg .gif .webp .ico .svg .pdf .log .csv .bin .woff .ttf .mp3 .mp4 .db .cache "
    ".bak .tmp .md "
    ".json .html .lock .xml"
)


def _name_in(text: str) -> str:
    """The end of a path that is known."""
    return text.removeprefix("./").rpartition(HOLE)[2].lstrip("/")


def _loaded(context: Context, unit: Unit, flow: Flow) -> Iterator[Finding]:
    rule: Rule = catalog.UNSAFE_LOAD
    line = unit.source_line(flow.line)
    for taint in sorted(flow.taints):
        if taint.source is Source.DOWNLOAD and (is_shady(taint.what) or hosts_in((taint.what,))):
            is_usual = any(host in taint.what for host in _DATA_HOSTS)
            severity, confidence = (
                _NOTE
                if is_usual or not flow.how.startswith(("pickle", "marshal", "dill", "cPickle", "_pickle"))
                else _LIKELY
            )
            yield finding_at(
                context,
                rule,
                unit,
                flow.line,
                f"{taint.what} → {flow.how}: {line}",
                severity=severity,
                confidence=confidence,
            )
            return
        if taint.source is Source.DECODED:
            yield finding_at(
                context, rule, unit, flow.line, f"{flow.how}: {line}", severity=Severity.HIGH, confidence=0.75
            )
            return
    shipped = [
        file for file in context.subject.files
        if any(file.path.endswith(_name_in(text) or "\0") for text in flow.texts)
    ]  # fmt: skip
    if shipped and not flow.how.startswith("yaml") and not shipped[0].suffix.endswith(_MODEL_SUFFIXES):
        evidence = f"{flow.how} reads {shipped[0].path}: {line}"
        yield finding_at(context, rule, unit, flow.line, evidence, severity=Severity.HIGH, confidence=0.65)
        return
    yield finding_at(context, rule, unit, flow.line, f"{flow.how}: {line}")
