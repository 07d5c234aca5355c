"""What collections and their keys refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class CollectionNotFound(NotFound):
    code = "collection_not_found"
    text = "You have no collection {name}."
    hint = "List yours with `skillyard collections list`."


class CollectionNameTaken(Conflict):
    code = "collection_name_taken"
    text = "You have a collection {name} already."
    hint = "Choose another name, or change that one with `skillyard collections update {name}`."


class PublicNameTaken(Conflict):
    code = "collection_public_name_taken"
    text = "Somebody has a public collection {name} already."
    hint = "Rename yours first: `skillyard collections update {name} --rename`."


class CollectionNotAcceptable(Invalid):
    code = "collection_not_acceptable"
    text = "The collection is refused: {first}{more}."
    hint = "Correct the faults listed and send it again."


class CollectionHasAll(Conflict):
    code = "collection_has_all"
    text = "The collection {name} is not limited to some skills: it has all of them."
    hint = "Limit it first: `skillyard collections update {name} --skill`, once for each skill."


class TooManyCollections(Conflict):
    code = "too_many_collections"
    text = "You have {most} collections; there cannot be more."
    hint = "Delete one that nobody uses with `skillyard collections delete`."


class KeyDisabled(Unauthenticated):
    code = "key_disabled"
    text = "The key is switched off."
    hint = "Ask its owner to switch it on: `skillyard collections update NAME --enabled`."


class KeyTooFast(TooMany):
    code = "key_too_fast"
    text = "Too many requests; the key is good for {limit} in a minute."
    hint = "Wait {retry_after_s} seconds, then try again."


class QuotaExceeded(TooMany):
    code = "quota_exceeded"
    text = "The key has used up its {quota} runs and invocations of {month}."
    hint = "Ask its owner for a higher quota, or wait for the next month."


class KeyNotForKeys(Forbidden):
    code = "key_not_for_keys"
    text = "This key may not make or change keys: {why}."
    hint = "Use a token of yours, or sign in with `skillyard login`."
