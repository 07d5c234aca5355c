"""An integration's file: YAML text that is read into an `Integration`, and written from one.

    integration: github                # its name in addresses and permissions: a-z, 0-9 and hyphens
    version: 3                         # grows with each change
    title: GitHub
    description: Issues, pull requests and files of repositories.
    docs_url: https://docs.github.com/rest
    origin: {description: GitHub's OpenAPI description, version: 1.1.4, licence: MIT, url: "https://…"}
    base_url: https://api.github.com   # may have {variables}
    variables: {site: {type: string, pattern: "^[a-z0-9-]+$", description: …}}    # each connection fills them in
    hosts: [uploads.github.com]        # beside that of base_url
    headers: {accept: application/vnd.github+json}                                # sent with every request
    ways:                              # to sign in, the usual one first
      - kind: oauth2                   # oauth2 | api_key | basic | client_credentials | none
        authorize_url: https://…       # may have {variables}, as all of these addresses
        token_url: https://…
        revoke_url: https://…
        issuer: https://…
        pkce: true
        client_auth: body              # body | basic
        scopes: [repo]
        scope_separator: " "
        authorize_params: {access_type: offline}
        token_path: access_token       # where it is in the answer, as authed_user.access_token
        refresh: keeps                 # rotates | keeps | none
        place: {in: header, name: authorization, format: "Bearer {secret}"}       # in: header | query
        hint: Where people find such a key.
    identity: {path: /user, id: id, label: login, method: GET, body: {…}}         # whose account it is
    habits: {limited_statuses: [429], limit: …, remaining: …, reset: …, reset_is: unix, request_id: …,
             failed_if: {ok: false}, failure: error, rejected: [invalid_auth]}
    groups: {issues: Issues}           # title by name
    endpoints:                         # always last
      create_issue:
        group: issues
        summary: Open an issue
        description: More than the summary, where that is needed.
        method: POST
        path: /repos/{repo}/issues
        effect: write                  # read | write | destructive
        scopes: [repo]
        body: json                     # none | json | form | graphql; json where a parameter goes into the body
        headers: {x-more: "1"}
        params:                        # each: where it goes, and its JSON Schema beside that
          repo: {in: path, required: true, slashes: keep, type: string, description: "Owner and name, as acme/webapp"}
          title: {in: body, as: fields.title, required: true, type: string}
          tags: {in: query, style: comma, type: array, items: {type: string}}
          who: {in: body, schema: {type: object, required: [id], properties: {id: {type: integer}}}}
        fixed: {query: {alt: media}, header: {…}, body: {…}}                      # always sent
        graphql: "query …"             # the query; parameters of the body are its variables
        prepare: gmail_message         # a function of preparing.py that makes the body
        idempotency_header: idempotency-key
        answers_bytes: false
        paging: {kind: cursor, param: after, next_at: meta.cursor, more_at: has_more}  # link | cursor | page | offset
        examples: [{title: Report a bug, params: {repo: acme/webapp, title: It is broken}}]
        docs_url: https://…
        operation: issues/create       # its name in the description it was taken from

What the model (`integration.py`) has a default for may be left out. Of a parameter, `in` is path, query, header or
body; `as` its name there, in a body a path into it, or "" where it is the whole body; `slashes` (in a path) keep,
encode or refuse; `style` repeat, comma, space, pipe, brackets or json. Its schema stands under `schema` when that has
one of these keys itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from skillyard.domain.gateway.catalog.endpoint_fields import read_endpoints
from skillyard.domain.gateway.catalog.fields import Fields, known_fields, known_names
from skillyard.domain.gateway.catalog.integration import Habits, Integration, Origin
from skillyard.domain.gateway.catalog.integration_checks import check_integration
from skillyard.domain.gateway.catalog.sign_in_fields import read_identity, read_ways
from skillyard.domain.gateway.catalog.yaml_values import read_yaml
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.reading import Place

KEYS = (
    "integration", "version", "title", "description", "docs_url", "origin", "base_url", "variables", "hosts", "headers",
    "ways", "identity", "habits", "groups", "endpoints",
)  # fmt: skip
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
_GROUP = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_VERSION = 2**31 - 1


def read_integration(text: str, *, file: str, is_ours: bool = True) -> Integration:
    """The integration that the text describes. Raises SkillError with every fault, each with its line in `file`."""
    faults: list[Fault] = []
    place = Place(faults=faults, file=file, lines={(): 1})
    integration = None
    if (found := read_yaml(text, place)) is not None:
        value, lines = found
        integration = _read(value, replace(place, lines=lines), is_ours)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors or integration is None:
        raise SkillError(sorted(errors, key=lambda fault: fault.line or 0))
    return integration


def _read(value: object, place: Place, is_ours: bool) -> Integration:
    fields = known_fields(value, place, KEYS)
    groups = known_names(fields.values.get("groups"), place.at("groups"), _GROUP, "issues: Issues")
    titles = Fields(groups, place.at("groups"))
    integration = Integration(
        slug=fields.word("integration", _SLUG, "a-z, 0-9 and single hyphens, as google-drive", needed=True)[:64],
        version=fields.number("version", least=1, most=_MOST_VERSION),
        title=fields.text("title", most_chars=60, needed=True),
        description=fields.text("description", most_chars=500, needed=True),
        docs_url=fields.link("docs_url"),
        origin=_read_origin(fields.values.get("origin"), place.at("origin")),
        base_url=fields.address("base_url", needed=True).rstrip("/"),
        variables=_read_variables(fields.values.get("variables"), place.at("variables")),
        hosts=fields.texts("hosts"),
        headers=fields.headers("headers"),
        ways=read_ways(fields.values.get("ways"), place.at("ways")),
        identity=read_identity(fields.values.get("identity"), place.at("identity")),
        habits=_read_habits(fields.values.get("habits"), place.at("habits")),
        groups={name: titles.text(name, most_chars=60, needed=True) for name in groups},
        endpoints=read_endpoints(fields.values.get("endpoints"), place.at("endpoints"), groups),
        is_ours=is_ours,
    )
    check_integration(integration, place)
    return integration


def _read_origin(value: object, place: Place) -> Origin:
    fields = known_fields(value, place, ("description", "version", "licence", "url"))
    return Origin(
        description=fields.text("description", needed=True),
        version=fields.text("version"),
        licence=fields.text("licence", needed=True),
        url=fields.link("url"),
    )


def _read_habits(value: object, place: Place) -> Habits:
    keys = (
        "limited_statuses", "limit", "remaining", "reset", "reset_is", "request_id", "failed_if", "failure", "rejected",
    )  # fmt: skip
    fields = known_fields(value, place, keys)
    statuses = fields.values.get("limited_statuses", [429])
    if not isinstance(statuses, list) or not all(type(one) is int and 200 <= one <= 599 for one in statuses):
        place.at("limited_statuses").refuse_type("a list of statuses", "write [403, 429]")
        statuses = []
    return Habits(
        limited_statuses=tuple(statuses),
        limit=fields.text("limit"),
        remaining=fields.text("remaining"),
        reset=fields.text("reset"),
        reset_is=fields.choice("reset_is", ("unix", "seconds"), default="unix"),
        request_id=fields.text("request_id"),
        failed_if=fields.map("failed_if"),
        failure=fields.steps("failure"),
        rejected=fields.texts("rejected"),
    )


def _read_variables(value: object, place: Place) -> dict[str, Mapping[str, Any]]:
    named = known_names(value, place, _VARIABLE, "site")
    for name, schema in named.items():
        if not isinstance(schema, Mapping):
            place.at(name).refuse_type("a JSON Schema", "write {type: string, pattern: ...}")
    return {name: schema for name, schema in named.items() if isinstance(schema, Mapping)}
