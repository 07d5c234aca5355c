"""What we ask of Stripe is what its own client asks: every endpoint's first example, by both."""

from __future__ import annotations

import contextlib
from operator import attrgetter
from urllib.parse import parse_qsl

import stripe

from skillyard.domain.gateway.calls.building import authorized, build
from skillyard.domain.gateway.catalog.integration import Endpoint
from skillyard.domain.gateway.catalog.lookup import read_shipped
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets
from skillyard.domain.gateway.connect.authorization import authorize
from skillyard.infra.envelope import Secret
from tests.domain.gateway.upstream import Asked
from tests.domain.gateway.vendor_client import recorder

STRIPE = read_shipped("stripe")
KEY = "sk_test_x"
ITS_NAMES = {
    "get_account": "accounts.retrieve_current",
    "finalize_invoice": "invoices.finalize_invoice",
    "send_invoice": "invoices.send_invoice",
    "pay_invoice": "invoices.pay",
    "void_invoice": "invoices.void_invoice",
    "get_balance": "balance.retrieve",
}
"""What it calls endpoints whose method is no usual one."""

USUAL = {"get": "retrieve"}
"""Its words for ours; the others are the same."""


def test_we_ask_what_stripes_client_asks() -> None:
    with recorder() as server:
        client = stripe.StripeClient(KEY, base_addresses={"api": server.url}, max_network_retries=0)
        for endpoint in STRIPE.endpoints.values():
            server.what_follows_stands_for(endpoint.name)
            ask(client, endpoint)
    for name, theirs in server.asked.items():
        assert [seen(one) for one in theirs] == [seen(ours(STRIPE.endpoints[name]))], name


def ask(client: stripe.StripeClient, endpoint: Endpoint) -> None:
    params = dict(endpoint.examples[0].params)
    in_path = [params.pop(param.name) for param in endpoint.params if param.where == "path"]
    method = attrgetter(its_name(endpoint))(client.v1)
    with contextlib.suppress(stripe.StripeError, AttributeError, KeyError):  # the answer is made up
        method(*in_path, params=params) if params else method(*in_path)


def its_name(endpoint: Endpoint) -> str:
    """`create_checkout_session` is its `checkout.sessions.create`, at `/v1/checkout/sessions`."""
    if endpoint.name in ITS_NAMES:
        return ITS_NAMES[endpoint.name]
    services = [part for part in endpoint.path.split("/")[2:] if part and not part.startswith("{")]
    verb = endpoint.name.partition("_")[0]
    service = ".".join(part for part in services if part not in (verb, "invoiceitems"))
    return f"{service or 'invoice_items'}.{USUAL.get(verb, verb)}"


def ours(endpoint: Endpoint) -> Asked:
    shown = authorize(STRIPE.ways[0], AccountSecrets(access=Secret(KEY)), {})
    built = authorized(build(STRIPE, endpoint, endpoint.examples[0].params, {}), shown)
    target = built.url.removeprefix("https://api.stripe.com")
    return Asked(method=built.method, target=target, headers=dict(built.headers), body=built.body)


def seen(asked: Asked) -> object:
    """Parameters of a DELETE are the same in a query and in a form."""
    form = parse_qsl(asked.body.decode(), keep_blank_values=True)
    return asked.method, asked.path, sorted([*asked.query, *form]), asked.headers["authorization"]
