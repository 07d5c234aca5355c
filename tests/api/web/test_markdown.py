from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.api.web.markdown import render_markdown

OWN_TAG = re.compile(
    r'</?(?:h[2-6]|p|ul|ol(?: start="\d+")?|li(?: class="level-[0-3]")?|pre|code|strong|em|blockquote|hr'
    r'|table|thead|tbody|tr|th|td|div(?: class="wide")?'
    r'|a(?: href="https?://[^"<>]+" rel="nofollow ugc noopener noreferrer")?)>'
)
MARKUP = st.text(alphabet=st.sampled_from(list("<>&\"'`*[]()#-|>!:/ \n1.a")) | st.characters(), max_size=200)


def test_what_people_write_is_readable() -> None:
    html = render_markdown(
        "# Title\n\nA *short* **text** with `code` and [a link](https://example.org).\n\n- one\n  - two\n\n"
        "1. first\n   ```sh\n   echo hi\n   ```\n2. second\n\n> wise\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n---\n"
    )
    for part in (
        "<h2>Title</h2>",
        "<em>short</em> <strong>text</strong> with <code>code</code>",
        '<a href="https://example.org" rel="nofollow ugc noopener noreferrer">a link</a>',
        '<li class="level-1">two</li>',
        "<pre><code>echo hi</code></pre>",
        '<ol start="2"><li class="level-0">second</li></ol>',
        "<blockquote><p>wise</p></blockquote>",
        "<tr><td>1</td><td>2</td></tr>",
        "<hr>",
    ):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JAVASCRIPT:alert)",
        "[x](data:text/html,a)",
        "![x](javascript:a)",
        '[x](https://a/"onmouseover=alert)',
        "`<b>`",
        "```\n</code></pre><script>",
        "# <svg/onload=alert(1)>",
        "| <b> | x |\n|---|---|\n| <i> | y |",
        "[<b>](https://a)",
        "**<u>**",
    ],
)
def test_nothing_in_a_text_becomes_html_of_its_own(text: str) -> None:
    html = str(render_markdown(text))
    assert "<" not in OWN_TAG.sub("", html)
    assert all(url.startswith("https://a") for url in re.findall(r'href="([^"]*)"', html))


@given(MARKUP)
def test_whatever_the_text_is_only_our_own_tags_come_out(text: str) -> None:
    assert "<" not in OWN_TAG.sub("", str(render_markdown(text)))


@pytest.mark.parametrize("part", ["[", "`a", "**a", "*a ", "> ", "- a\n", "```\n", "[a](http://a", "|-", "a\n", "# #"])
def test_hostile_text_takes_no_longer_than_other_text(part: str) -> None:
    began = time.perf_counter()
    render_markdown(part * (200_000 // len(part)))
    assert time.perf_counter() - began < 5
