"""What in a script is a sign of something. Alone each is ordinary; the rules count what comes together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skillyard.skill.scan.matching import Hit, Patterns

MAX_CHARS = 200_000
_MOST_HITS = 8
_COMMENTS = ("#", "//", "* ", "/*", "<!--", ";;", "-- ")

_STORES = {
    "ssh": r"\.ssh\b(?:[/'\")]|$)|\bid_(?:rsa|ed25519|ecdsa|dsa)\b",
    "aws": r"\.aws/(?:credentials|\*)|['\"]\.aws['\"]|aws/credentials",
    "git": r"\.git-credentials\b|git\s+credential\s+fill",
    "netrc": r"\.netrc\b|\.pgpass\b",
    "packages": r"~/\.npmrc|HOME\S{0,3}/\.npmrc|['\"]\.npmrc['\"]|\.pypirc\b|\.cargo/credentials",
    "cluster": r"\.kube\b(?:[/'\"]|$)|kubectl\s+get\s+secrets?\s+(?:-A|--all-namespaces)",
    "containers": r"\.docker/(?:config\.json|\*)",
    "gnupg": r"\.gnupg\b",
    "cloud": r"\.config/gcloud|\.azure/|application_default_credentials",
    "forge": r"gh/hosts\.ya?ml|\.config/hub\b|glab-cli/config",
    "browser": (
        r"\blogin data\b|\bcookies\.sqlite\b|\blogins\.json\b|\bkey4\.db\b|/default/cookies\b|"
        r"google/chrome/default|\.mozilla/firefox"
    ),
    "keychain": r"find-(?:generic|internet)-password|library/keychains|passwordvault|\bsecret-tool\s+lookup",
    "history": r"\.(?:bash|zsh|python)_history\b",
    "accounts": r"/etc/shadow\b",
    "wallet": r"\bwallet\.dat\b|\.ethereum/keystore|\.config/solana|\bexodus\.wallet|electrum/wallets|\.kdbx\b",
    "machine": r"169\.254\.169\.254/latest/meta-data/iam|metadata\.google\.internal\S{0,80}token",
    "messages": r"library/messages/chat\.db|\baddressbook\b|\.thunderbird\b",
}
_WAYS_OUT = {
    "python": (
        r"\b(?:requests|httpx|session)\.(?:post|put|patch)\(|\burlopen\([^()\n]{1,200},|"
        r"\bdata=\w[^\n]{0,60}\)|\.request\(\s*['\"](?:post|put)"
    ),
    "curl": (
        r"\bcurl\b[^\n]{0,300}\s(?:-[a-z]{0,4}[dFT]|--data\S*|--form|--upload-file|-X\s*(?:POST|PUT))\b|"
        r"['\"]-[a-z]{0,3}[TF]['\"]"
    ),
    "wget": r"\bwget\b[^\n]{0,200}--post-(?:data|file)",
    "javascript": r"\bfetch\([^;]{0,200}\bmethod\b|\baxios\.(?:post|put)\(|\bhttps?\.request\(|\bsendbeacon\(",
    "socket": r"\bsocket\.(?:socket|create_connection)\(|\bhttp\.client\b|\|\s*(?:nc|ncat)\b|openssl\s+s_client",
    "mail": r"\bsmtplib\b|\|\s*(?:mail|sendmail|mutt)\b",
    "copy": r"\bparamiko\b|\bftplib\b|\brsync\b[^\n]{0,200}(?:\w@|rsync:|::)|\bscp\s[^\n]{0,200}:",
    "gist": r"\bgh\s+gist\s+create|/gists\b",
    "names": r"\bgethostbyname\(|\bdig\s+(?:\+|\S{0,40}\$)|\bnslookup\s",
    "powershell": r"\binvoke-(?:restmethod|webrequest)\b[^\n]{0,200}\bpost\b|\.uploadstring\(",
}
_DEEDS = {
    "shell-socket": r"/dev/(?:tcp|udp)/[^\s]{1,80}/?\d",
    "shell-pipe": (
        r"\bbash\s+-i\s*[>&<]|\bmkfifo\b[^\n]{0,200}\b(?:nc|ncat|telnet|openssl)\b|"
        r"\bnc(?:at)?\b[^\n]{0,60}\s(?:-\w{0,3}e|-c)\s+\S*sh\b|\bsocat\b[^\n]{0,120}\bexec:"
    ),
    "shell-dup": r"\bdup2\([^\n]{0,60}fileno\(\)|\bfileno\(\)[^\n]{0,30}dup2",
    "pty": r"\bpty\.spawn\(",
    "tunnel": r"\bssh\b[^\n]{0,120}\s-\w{0,4}R\s*\d+:",
    "server": r"\bsocketserver\.|\.listen\(|\.on\(\s*['\"]message['\"]",
    "executes": (
        r"\bshell\s*=\s*true|\bexecsync\(\s*(?:\w+\.to|\w+\))|\bos\.popen\(|"
        r"\bos\.system\(\s*\w+\b[^\"'\n]{0,20}\)"
    ),
    "keys": r"\bpynput\b|\bkeyboard\.(?:listener|on_press|hook)\b|\bgetasynckeystate\b|/dev/input/event",
    "screen": r"\bimagegrab\.grab\(|\bmss\.mss\(|\bpyautogui\.screenshot\(|\bscreencapture\s+-\w*x",
    "clipboard": r"\bpyperclip\b|\bpbpaste\b|\bget-clipboard\b|\bclipboard\.readtext",
    "address": r"\[0-9a-f\w-]{0,8}\]\{40\}|\bbc1\[|0x\[0-9",
    "miner": r"\bxmrig\b|\bstratum\+(?:tcp|ssl)://|\bminerd\b|\bcpuminer\b|\bnicehash\b",
    "wipe": (
        r"\brm\s+-\w*[rf]\w*\s+(?:--\S+\s+)*[\"']?(?:\$\{?home(?::\?)?\}?|~|/)[\"']?(?:/\*|/|/\.\S{0,12})?(?:\s|$|;|\"|')"
        r"|\brmtree\(\s*(?:path\.home\(\)|os\.path\.expanduser\(\s*['\"]~['\"]|['\"]/['\"]\s*[,)])"
        r"|\bmkfs\.\w+\s+/dev/|\bdd\b[^\n]{0,80}\bof=/dev/(?:sd|nvme|disk)|\brmsync?\(\s*(?:os\.)?homedir\(\)"
    ),
    "shred": r"\bfind\s+[\"']?(?:\$home|~|/)[\"']?\s[^\n]{0,200}(?:-delete\b|\bshred\b|xargs\s+(?:rm|shred))",
    "encrypts": r"\bfernet\(|\baes\.new\(|\bcreatecipheriv\(",
    "walks-home": r"path\.home\(\)\.(?:rglob|glob)\(|os\.walk\(\s*os\.path\.expanduser|homedir\(\)",
    "password-dialog": r"\bdisplay dialog\b[^\n]{0,300}\bhidden answer\b|\bread\s+-\w*s\w*\s[^\n]{0,80}\[sudo\]",
    "uses-password": r"\bsudo\s+-S\b|\bcurl\b|\bdscl\b[^\n]{0,80}-authonly|\bsecurity\s+unlock-keychain\b",
    "odd-name": (
        r"__dict__\[\s*['\"]\w{1,6}['\"]\s*\+|\bmodule\.constructor\._load\b|\bgetattr\(\s*(?:builtins|__builtins__)\s*,\s*['\"]{2}\.join"
        r"|\$'(?:\\x[0-9a-f]{2}|\\[0-7]{3}){3,}'|\]\.reverse\(\)\.join\(\s*['\"]{2}\s*\)"
        r"|\brequire\(\s*\w{1,12}\(\s*(?:\d{2,3}\s*,\s*){3,}"
    ),
    "masked-text": r"\bchr\(\s*\w{1,12}\s*\^\s*\w{1,12}\s*\)|\bmarshal\.loads\(\s*(?:base64|zlib|bytes|codecs)",
    "runs-text": r"\b(?:exec|eval)\(|\bos\.(?:popen|system)\(|\bfunctiontype\(|\btype\(\w+\)\(\w+,\s*globals",
    "ransom": r"\.(?:locked|encrypted|enc)['\"]|\brestore[-_ ]?(?:files|your)\b|\bransom\b|readme[-_]restore",
}
GROUPS = {"store": _STORES, "out": _WAYS_OUT, "deed": _DEEDS}
_PATTERNS = Patterns({f"{group}:{name}": text for group, texts in GROUPS.items() for name, text in texts.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The first place of each sign in one script, by group and name."""

    stores: Mapping[str, Hit]
    ways_out: Mapping[str, Hit]
    deeds: Mapping[str, Hit]


def signs_in(text: str) -> Signs:
    """Looks at the first 200,000 characters, without comments that have a line of their own."""
    found: dict[str, dict[str, Hit]] = {group: {} for group in GROUPS}
    for hit in _PATTERNS.find(text[:MAX_CHARS], most=_MOST_HITS):
        group, _, name = hit.name.partition(":")
        if not _is_comment(text, hit.start):
            found[group].setdefault(name, hit)
    return Signs(stores=found["store"], ways_out=found["out"], deeds=found["deed"])


def _is_comment(text: str, position: int) -> bool:
    line = text[text.rfind("\n", 0, position) + 1 : position + 1].lstrip()
    return line.startswith(_COMMENTS) and not line.startswith("#!")
