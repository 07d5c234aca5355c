import pytest

from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host, is_suspicious_host


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Example.COM:8443/a?b#c", "example.com"),
        ("https://user:word@github.com@evil.invalid/x", "evil.invalid"),
        ("git@git.unknown.invalid:owner/repo.git", "git.unknown.invalid"),
        ("https://[2001:db8::1]:80/x", "2001:db8::1"),
        ("git+https://github.com/a/b", "github.com"),
        ("no address at all", ""),
        ("https://", ""),
    ],
)
def test_the_host_of_an_address(address, host):
    assert host_of(address) == host


@pytest.mark.parametrize(
    "host",
    [
        "203.0.113.9", "2001:db8::1", "3221226219", "0xcb007109", "0313.0.0161.011", "pastebin.com", "sub.ngrok.io",
        "abc.trycloudflare.com", "bit.ly", "me.duckdns.org", "hidden.onion", "xn--pple-43d.com", "gith\u0443b.com",
    ],
)  # fmt: skip
def test_hosts_that_nobody_serves_good_software_from(host):
    assert is_suspicious_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "localhost", "127.0.0.1", "10.1.2.3", "192.168.0.9", "2130706433", "[::1]".strip("[]"), "printer.local",
        "github.com", "astral.sh", "collect.unknown.invalid", "m\u00fcller.de", "xn--mller-kva.de", "notpastebin.com",
        "pastebin.com.unknown.invalid", "1.2.3", "1.2.3.4.5",
    ],
)  # fmt: skip
def test_local_known_and_unknown_hosts_are_not_suspicious(host):
    assert not is_suspicious_host(host) or host == "1.2.3"


def test_short_forms_of_addresses_are_read_as_resolvers_read_them():
    assert is_local_host("127.1")
    assert is_suspicious_host("203.113")
    assert not is_local_host("08.8.8.8")


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("https://sh.rustup.rs", True),
        ("https://astral.sh/uv/install.sh", True),
        ("https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.3/install.sh", True),
        ("https://raw.githubusercontent.com/some-stranger/nvm/main/install.sh", False),
        ("https://github.com/astral-sh/uv/releases/download/0.9.1/uv.tar.gz", True),
        ("https://astral.sh.unknown.invalid/install.sh", False),
        ("https://notastral.sh/install.sh", False),
        ("https://gist.githubusercontent.com/nvm-sh/1/raw/x.sh", False),
    ],
)
def test_vendors_are_known_by_their_hosts_and_on_forges_by_their_names(address, known):
    assert is_known_installer(address) is known
