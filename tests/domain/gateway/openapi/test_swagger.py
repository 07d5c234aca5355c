"""Swagger 2.0: an older way to say the same."""

from __future__ import annotations

from skillyard.domain.gateway.calls.building import build
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.catalog.integration import Integration
from tests.domain.gateway.openapi.documents_of_tests import read

SHOP = b"""\
swagger: "2.0"
info: {title: Bookshop, version: 1.4.0, license: {name: BSD-3-Clause}}
host: shop.example.com
basePath: /api
schemes: [http, https]
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  key: {type: apiKey, in: query, name: token}
  people:
    type: oauth2
    flow: accessCode
    authorizationUrl: https://shop.example.com/auth
    tokenUrl: https://shop.example.com/token
    scopes: {buy: Buy books}
  login: {type: basic}
security: [{key: []}]
parameters:
  limit: {name: limit, in: query, type: integer, minimum: 1}
paths:
  /books:
    parameters: [{$ref: "#/parameters/limit"}]
    get:
      operationId: listBooks
      parameters:
        - {name: genre, in: query, type: array, items: {type: string}, collectionFormat: multi}
        - {name: ids, in: query, type: array, items: {type: integer}}
        - {name: token, in: query, type: string}
      responses: {200: {description: ok, schema: {type: array}}}
    post:
      operationId: addBook
      security: [{people: [buy]}, {login: []}]
      parameters: [{in: body, name: book, required: true, schema: {$ref: "#/definitions/Book"}}]
      responses: {201: {description: ok}}
  /books/{isbn}/rating:
    post:
      operationId: rate
      parameters:
        - {name: isbn, in: path, required: true, type: string}
        - {name: stars, in: formData, required: true, type: integer, description: One to five.}
        - {name: tags, in: formData, type: array, items: {type: string}, collectionFormat: csv}
      responses: {204: {description: ok}}
  /books/{isbn}/cover:
    put:
      operationId: setCover
      parameters:
        - {name: isbn, in: path, required: true, type: string}
        - {name: cover, in: formData, required: true, type: file}
      responses: {204: {description: ok}}
    get:
      operationId: getCover
      produces: [image/png]
      parameters: [{name: isbn, in: path, required: true, type: string}]
      responses: {200: {description: ok, schema: {type: file}}}
definitions:
  Book:
    type: object
    required: [title]
    properties:
      title: {type: string}
      similar: {type: array, items: {$ref: "#/definitions/Book"}}
"""


def shop() -> Integration:
    return read(SHOP)[0]


def test_a_swagger_document_becomes_an_integration() -> None:
    assert (shop().base_url, shop().origin.licence) == ("https://shop.example.com/api", "BSD-3-Clause")
    assert list(shop().endpoints) == ["list_books", "add_book", "rate", "get_cover"]
    assert [way.kind for way in shop().ways] == ["api_key", "oauth2", "basic"]
    assert shop().endpoints["add_book"].scopes == ("buy",)
    assert shop().endpoints["get_cover"].answers_bytes


def test_lists_in_a_query_stand_as_they_did() -> None:
    listed = shop().endpoints["list_books"]
    assert {one.name: one.style for one in listed.params} == {"limit": "repeat", "genre": "repeat", "ids": "comma"}
    params = check_params(shop(), listed, {"genre": ["crime", "art"], "ids": [1, 2]})
    assert build(shop(), listed, params, {}).url.endswith("/books?genre=crime&genre=art&ids=1%2C2")


def test_bodies_are_json_and_forms() -> None:
    add = shop().endpoints["add_book"]
    assert build(shop(), add, check_params(shop(), add, {"title": "Emma"}), {}).body == b'{"title":"Emma"}'
    rate = shop().endpoints["rate"]
    params = check_params(shop(), rate, {"isbn": "1", "stars": 5, "tags": ["a", "b"]})
    assert build(shop(), rate, params, {}).body == b"stars=5&tags=a%2Cb"
    assert rate.schema["required"] == ["isbn", "stars"]


def test_a_file_that_is_sent_is_noted() -> None:
    assert any("PUT /books/{isbn}/cover" in note and "multipart" in note for note in read(SHOP)[1])
