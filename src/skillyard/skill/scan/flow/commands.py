"""What well-known programs of the shell do with what they are given."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from skillyard.skill.scan.decode.readable import readable_text
from skillyard.skill.scan.flow.interpreters import INTERPRETERS, evaluate, interpret, source, start_file, trap
from skillyard.skill.scan.flow.model import (
    HOLE,
    NO_TAINTS,
    UNKNOWN,
    Sink,
    Source,
    Taint,
    Value,
    few,
    known,
    words_in,
)
from skillyard.skill.scan.flow.places import taint_of_path
from skillyard.skill.scan.flow.started import Run, downloads_in, note_flow, taints_of
from skillyard.skill.scan.flow.transfer import transfer

if TYPE_CHECKING:
    from skillyard.skill.scan.flow.shell import Shell

_WRAPPERS = words_in(
    "sudo doas nohup time command exec builtin nice ionice timeout stdbuf setsid env xargs busybox then do else "
    "caffeinate "
    "unbuffer script arch proxychains parallel watch chroot"
)
_OPTION_WITH_VALUE = {
    "sudo": ("-u", "-g", "-C", "-p"), "timeout": ("-s", "-k"), "nice": ("-n",), "env": ("-u", "-C", "-S"),
    "xargs": ("-I", "-n", "-P", "-d", "-L", "-a"), "script": ("-c",),
}  # fmt: skip
_ADDRESS = re.compile(
    r"^(?:https?|ftp|wss?)://|^[\w.-]+\.[a-z]{2,}(?:[:/]|$)|^\d+\.\d+\.\d+\.\d+|^[￼]|^localhost", re.IGNORECASE
)
_TOKENS = (
    (r"security (?:find-(?:generic|internet)-password|dump-keychain|export)", Source.SECRET_FILE, "keychain"),
    (r"secret-tool (?:lookup|search)", Source.SECRET_FILE, "keyring"),
    (r"gh auth (?:token|status .*--show-token|status .*-t\b)", Source.SECRET_FILE, "~/.config/gh"),
    (r"git credential(?:-\S+)? (?:fill|get)", Source.SECRET_FILE, "~/.git-credentials"),
    (r"gcloud auth (?:application-default )?print-", Source.SECRET_FILE, "gcloud"),
    (r"aws (?:configure (?:get|export-credentials)|sts (?:get-session|assume-role))", Source.CLOUD, "~/.aws"),
    (r"az account get-access-token", Source.CLOUD, "~/.azure"),
    (r"kubectl .*(?:get secrets?\b|config view.*--raw)", Source.SECRET_FILE, "kubectl secrets"),
    (r"op (?:read|item get)|pass show|bw get|vault (?:read|kv get)|lpass show", Source.SECRET_FILE, "password manager"),
    (r"npm (?:token|config get.*_auth)", Source.SECRET_FILE, "~/.npmrc"),
    (r"heroku auth:token|doctl auth|gpg (?:.*)--export-secret-keys", Source.SECRET_FILE, "login"),
    (r"(?:pbpaste|xclip .*-o|xsel .*-o|wl-paste|powershell.*Get-Clipboard)", Source.CLIPBOARD, "clipboard"),
    (r"(?:printenv|env|export -p|declare -x|declare -p)$|^set$", Source.ENVIRONMENT, "environment"),
    (r"history\b(?! -)", Source.HISTORY, "history"),
)  # fmt: skip
_TOKENS_COMPILED = tuple((re.compile(pattern), source, what) for pattern, source, what in _TOKENS)
_TOKEN_NAMES = words_in(
    "security secret-tool gh git gcloud aws az kubectl op pass bw vault lpass npm heroku doctl gpg pbpaste "
    "xclip xsel wl-paste "
    "powershell printenv env export declare set history git-credential"
)


def run_command(shell: Shell, run: Run) -> Value:
    """What a command writes to its output; what it sends, starts and deletes is noted on the way."""
    run = _unwrapped(run)
    if not run.words:
        return UNKNOWN
    first = run.words[0]
    if first.taints and not first.texts[0].strip(HOLE):
        note_flow(shell, Sink.SHELL, run, "command", first.taints, first.texts)
    taint = _token(run)
    if taint is not None:
        return Value(taints=frozenset({taint}))
    make = _COMMANDS.get(run.name)
    if make is not None:
        return make(shell, run)
    if INTERPRETERS.fullmatch(first.texts[0]):
        return interpret(shell, run)
    if "/" in first.texts[0] or first.texts[0] in shell.files:
        start_file(shell, run, first)
    return _pass_on(shell, run)


def _unwrapped(run: Run) -> Run:
    """Without `sudo`, `env X=1`, `xargs` and the like before it."""
    words = list(run.words)
    stdin = run.stdin
    for _ in range(6):
        name = words[0].texts[0].rpartition("/")[2] if words else ""
        if name not in _WRAPPERS or len(words) < 2:
            break
        with_value = _OPTION_WITH_VALUE.get(name, ())
        rest = words[1:]
        while rest and (rest[0].texts[0].startswith("-") or (name == "env" and "=" in rest[0].texts[0])):
            if name == "script" and rest[0].texts[0] == "-c" and len(rest) > 1:
                rest = [Value(texts=("sh",)), *rest]
                break
            rest = rest[2:] if rest[0].texts[0] in with_value else rest[1:]
        if name == "timeout" and rest and re.fullmatch(r"[\d.]+[smhd]?", rest[0].texts[0]):
            rest = rest[1:]
        if not rest:
            break
        if name == "xargs":
            rest = [*rest, stdin._replace(texts=(HOLE,))]
        words = rest
    return run._replace(words=words)


def _token(run: Run) -> Taint | None:
    if run.name not in _TOKEN_NAMES:
        return None
    line = " ".join([run.name, *run.texts()[1:]])
    for pattern, kind, what in _TOKENS_COMPILED:
        if pattern.match(line):
            return Taint(kind, what, run.line)
    return None


def _pass_on(shell: Shell, run: Run) -> Value:
    """Any other program: what it reads comes out of it."""
    taints = set(run.stdin.taints | taints_of(run.words[1:]))
    read: list[str] = []
    for word in run.words[1:]:
        for text in word.texts:
            if text.startswith("-") and "=" not in text:
                continue
            place = text.rpartition("=")[2]
            if (taint := taint_of_path(place, run.line)) is not None:
                taints.add(taint)
                shell.trace.reads.add(place)
            if place in shell.files:
                taints |= shell.files[place]
            if "/" in place or "." in place:
                read.append(place)
    return Value(taints=frozenset(taints), addresses=few(read) or run.stdin.addresses)


def _no_output(_: Shell, __: Run) -> Value:
    return Value(texts=("",))


def _echo(_: Shell, run: Run) -> Value:
    words = run.words[1:]
    while words and re.fullmatch(r"-[neE]+", words[0].texts[0]):
        words = words[1:]
    if run.name == "printf" and words:
        text = words[0].texts[0]
        if "%" not in text or len(words) == 1:
            return Value(texts=(text.replace("\\n", "\n"),), taints=taints_of(words), is_built=False)
        filled = text
        for word in words[1:]:
            filled = re.sub(r"%[-0-9.]*[sdbq]", word.texts[0].replace("\\", r"\\"), filled, count=1)
        return Value(texts=(filled.replace("\\n", "\n"),), taints=taints_of(words))
    return Value(texts=(" ".join(word.texts[0] for word in words),), taints=taints_of(words))


def _decode(shell: Shell, run: Run) -> Value:
    """`base64 -d`, `xxd -r`, `openssl enc -d`, `gunzip`, `rev`, `tr`: what was unreadable becomes readable."""
    source = _pass_on(shell, run)
    texts = known(run.stdin.texts)
    options = " ".join(run.texts()[1:])
    name = run.name
    undoes = name in ("gunzip", "zcat", "rev", "uudecode", "tr") or re.search(
        r"(?:^|\s)(?:-\w*[dDr]\w*\b|--decode)", options
    )
    if not undoes:
        return source._replace(texts=(HOLE,))
    written = [
        run.words[number + 1].texts[0] for number, word in enumerate(run.words[:-1]) if word.texts[0] in ("-out", "-o")
    ]
    for target in written:
        shell.write(target, source.taints)
    plain = [_undone(name, text) for text in texts if HOLE not in text]
    taints = source.taints
    if (texts and name != "tr") or any(plain):
        taints |= {Taint(Source.DECODED, next(filter(None, plain), texts[0])[:60], run.line)}
    return Value(texts=few(filter(None, plain)) or (HOLE,), taints=taints, is_built=True, addresses=source.addresses)


def _undone(name: str, text: str) -> str:
    if name == "rev":
        return text[::-1]
    try:
        if name in ("base64", "openssl"):
            plain = re.sub(r"[^A-Za-z0-9+/]", "", text)
            data = base64.b64decode(plain + "=" * (-len(plain) % 4))
        elif name == "xxd":
            data = bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", text))
        else:
            return ""
    except ValueError:
        return ""
    return readable_text(data, fewest=1) or ""


def _connect(shell: Shell, run: Run) -> Value:
    """nc, ssh, scp, rsync, mail and others that carry what they read or are given to another machine."""
    words = [
        word
        for number, word in enumerate(run.words)
        if run.words[number - 1].texts[0] not in ("-i", "-F", "-e", "-o", "-S")
    ]
    run = run._replace(words=words)
    given = _pass_on(shell, run)
    addresses = tuple(text for text in run.texts()[1:] if not text.startswith("-"))
    is_remote = run.name not in ("rsync", "scp", "cp") or any(":" in text for text in addresses)
    if is_remote:
        note_flow(shell, Sink.NETWORK, run, run.name, given.taints - downloads_in(set(given.taints)), addresses)
        shell.trace.hosts.update(text for text in addresses if _ADDRESS.search(text.rpartition("@")[2]))
        answers = run.name in ("nc", "ncat", "netcat", "socat", "telnet")
        where = next(iter(known(addresses)), "…")
        return Value(taints=frozenset({Taint(Source.DOWNLOAD, where, run.line)}) if answers else NO_TAINTS)
    return _copy(shell, run)


def _names(shell: Shell, run: Run) -> Value:
    """dig, nslookup, host, ping: the name that is asked for may carry data."""
    taints = taints_of(run.words[1:])
    if taints:
        note_flow(shell, Sink.NETWORK, run, run.name, taints, tuple(run.texts()[1:]))
    return Value(taints=NO_TAINTS)


_SENDING = (
    r"gh (?:gist create|gist edit|issue (?:create|comment)|pr (?:create|comment)|release upload|api)",
    r"aws s3 (?:cp|sync|mv)|aws s3api put-object", r"gsutil (?:\S+ )*(?:cp|rsync)", r"az storage blob upload",
    r"rclone (?:copy|sync|move|copyto)", r"git push", r"git commit", r"npm publish", r"ipfs add", r"wormhole "
    r"send", r"croc send",
    r"glab (?:snippet|issue)", r"huggingface-cli upload",
)  # fmt: skip
_SENDING_COMPILED = re.compile("|".join(_SENDING))


def _cloud_tool(shell: Shell, run: Run) -> Value:
    given = _pass_on(shell, run)
    line = " ".join([run.name, *run.texts()[1:]])
    if line.startswith("git push"):
        placed = [taints for path, taints in shell.files.items() if not path.startswith(("/", "~"))]
        given = given._replace(taints=given.taints.union(*placed))
    if _SENDING_COMPILED.match(line) and given.taints:
        how = " ".join(line.split()[:3])
        note_flow(shell, Sink.NETWORK, run, how, given.taints - downloads_in(set(given.taints)), ())
    return Value(taints=given.taints)


def _copy(shell: Shell, run: Run) -> Value:
    """cp, mv, tar, zip, tee, dd: what is read is in the file that is written."""
    given = _pass_on(shell, run)
    texts = run.texts()[1:]
    plain = [text for text in texts if not text.startswith("-")]
    targets: list[str] = []
    if run.name in ("tar", "7z", "zip"):
        written = [
            text
            for text in plain
            if re.search(r"\.(?:tar|tgz|zip|7z|t?gz|t?xz|bz2|zst|bin|dat|tmp|pdf|png|jpg|log)(?:\.gz)?$|/tmp/", text)
        ]
        after_f = [texts[number + 1] for number, text in enumerate(texts[:-1]) if re.fullmatch(r"-?[a-zA-Z]*f", text)]
        targets = [target for target in (*after_f, *written[:1]) if target != "-"]
    elif run.name == "dd":
        targets = [text[3:] for text in texts if text.startswith("of=")]
    elif run.name == "tee":
        targets = plain
    elif len(plain) > 1:
        targets = plain[-1:]
    for target in targets:
        shell.write(target, given.taints)
    return Value(taints=given.taints, addresses=given.addresses)


def _temporary(_: Shell, run: Run) -> Value:
    return Value(texts=(f"/tmp/temporary-{run.line}",))  # noqa: S108


def _remove(shell: Shell, run: Run) -> Value:
    options = "".join(text for text in run.texts()[1:] if text.startswith("-"))
    for word in run.words[1:]:
        if not word.texts[0].startswith("-") and re.search(r"[rR]|recursive", options):
            note_flow(shell, Sink.DELETE, run, f"rm {options}", NO_TAINTS, word.texts)
    return Value(texts=("",))


def _screen(shell: Shell, run: Run) -> Value:
    taint = frozenset({Taint(Source.SCREEN, run.name, run.line)})
    for text in run.texts()[1:]:
        if not text.startswith("-"):
            shell.write(text, taint)
    return Value(taints=taint)


_COMMANDS: dict[str, Callable[[Shell, Run], Value]] = {
    **dict.fromkeys(words_in("echo printf"), _echo),
    **dict.fromkeys(words_in("base64 xxd openssl gunzip zcat rev uudecode tr base32"), _decode),
    **dict.fromkeys(words_in("curl wget http https xh curlie wget2"), transfer),
    **dict.fromkeys(
        words_in(
            "nc ncat netcat socat telnet ssh scp rsync sftp ftp lftp mail mailx mutt sendmail msmtp swaks "
            "pastebinit wscat websocat telegram-send"
        ),
        _connect,
    ),
    **dict.fromkeys(words_in("dig nslookup host ping drill getent"), _names),
    **dict.fromkeys(
        words_in("gh aws gsutil az rclone git npm ipfs wormhole croc glab gcloud huggingface-cli docker"), _cloud_tool
    ),
    **dict.fromkeys(words_in("cp mv tar zip 7z tee dd install ditto"), _copy),
    **dict.fromkeys(words_in("screencapture scrot gnome-screenshot grim import"), _screen),
    **dict.fromkeys(
        words_in(
            "test [ [[ ls stat chmod chown mkdir touch cd which wc du md5sum sha256sum file ssh-keygen "
            "ssh-add pgrep kill sleep true false exit source- dirname basename realpath readlink chezmoi ln "
            "open shasum grep- code vim nano"
        ),
        _no_output,
    ),
    "rm": _remove,
    "mktemp": _temporary,
    "eval": evaluate,
    "trap": trap,
    "source": source,
    ".": source,
}
