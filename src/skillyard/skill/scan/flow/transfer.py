"""curl and wget: what their many options send, and where the answer goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillyard.skill.scan.flow.model import HOLE, UNKNOWN, Sink, Source, Taint, Value, known, words_in
from skillyard.skill.scan.flow.started import Run, downloads_in, note_flow

if TYPE_CHECKING:
    from skillyard.skill.scan.flow.shell import Shell

_DATA_OPTIONS = re.compile(
    r"(?:-d|-F|-T|--data|--data-\w+|--form|--form-string|--upload-file|--json|--post-data|--post-file|--body-data|"
    r"--body-file|--url-query)(?:=.*|$)|-[dFT].+",
    re.DOTALL,
)
_OUTPUT_OPTIONS = ("-o", "--output", "-O", "--output-document")
_CURL_VALUES = words_in(
    "-H --header -A --user-agent -X --request -m --max-time -u --user -e --referer -b --cookie -c --cookie-jar "
    "-w --write-out "
    "-x --proxy --retry --connect-timeout --cacert --cert --key -K --config --resolve --limit-rate "
    "--retry-delay --header= "
    "--timeout --tries -t -P --proto --ciphers -D --dump-header --max-redirs --interface --dns-servers"
)
_TAKES_REST = ("-d", "-F", "-T", "-o", "-H", "-X", "-u", "-A")
_IN_HEADERS = (Source.ENV_FILE, Source.SECRET_VARIABLE)  # where a key is used as it should be
_METADATA = ("169.254.169.254", "metadata.google.internal", "100.100.100.200", "169.254.170.2")


def transfer(shell: Shell, run: Run) -> Value:
    """curl and wget: sends what its options carry, and gives back what is answered."""
    words = run.words[1:]
    sent: set[Taint] = set()
    addresses: list[str] = []
    target: tuple[str, ...] = ()
    number = 0
    while number < len(words):
        text = words[number].texts[0]
        value = words[number + 1] if number + 1 < len(words) else UNKNOWN
        if re.fullmatch(r"-[a-zA-Z#0-9]{2,}", text) and text[:2] not in _TAKES_REST and text[-1] in "dFToHXmuAO":
            text = f"-{text[-1]}"
        is_own_name = run.name == "curl" and text in ("-O", "--remote-name")
        if text in _OUTPUT_OPTIONS and not is_own_name:
            target = value.texts
            number += 1
        elif _DATA_OPTIONS.fullmatch(text):
            whole = (len(text) > 2 and not text.startswith("--")) or "=" in text
            data = words[number] if whole else value
            sent |= _uploaded(shell, run, data, text)
            number += 0 if whole else 1
        elif text in _CURL_VALUES:
            sent |= {taint._replace(whole=False) if taint.source in _IN_HEADERS else taint for taint in value.taints}
            number += 1
        elif not text.startswith("-"):
            addresses += words[number].texts
            sent |= {
                taint._replace(whole=False) if taint.source in _IN_HEADERS else taint for taint in words[number].taints
            }
        elif text.startswith("--url"):
            addresses += [text.partition("=")[2]] if "=" in text else list(value.texts)
        number += 1
    usable = known(tuple(addresses))
    shell.trace.hosts.update(usable)
    shell.trace.unknown += not usable
    note_flow(shell, Sink.NETWORK, run, run.name, frozenset(sent) - downloads_in(sent), tuple(addresses))
    where = next(iter(usable), HOLE)
    source = Source.CLOUD if any(host in where for host in _METADATA) else Source.DOWNLOAD
    back = frozenset({Taint(source, where.replace(HOLE, "…"), run.line)})
    own = (run.name == "wget" and not target) or (
        any(re.fullmatch(r"-[a-zA-Z]*O|--remote-name", text) for text in run.texts()[1:]) and run.name == "curl"
    )
    if own and not target:
        target = tuple(address.rstrip("/").rpartition("/")[2] for address in usable)
    if target and target[0] not in ("-", "/dev/stdout"):
        for path in target:
            shell.write(path, back)
        return Value(texts=("",))
    return Value(taints=back)


def _uploaded(shell: Shell, run: Run, data: Value, option: str) -> set[Taint]:
    found = set(data.taints)
    for text in data.texts:
        option_value = re.sub(r"^-[dFT](?=.)", "", text) if text.startswith("-") else text
        _, mark, place = option_value.partition("@")
        if option.startswith(("-T", "--upload", "--post-file", "--body-file")):
            place, mark = option_value.partition("=")[2] or option_value, "@"
        place = place.partition(";")[0]
        if mark and place in ("-", "/dev/stdin"):
            found |= run.stdin.taints
        elif mark:
            found |= shell.read(Value(texts=(place,))).taints
    return found
