"""The public log: an append-only Merkle tree of what the registry did, so that it cannot do something else unseen.

| what happens | entry (`skill.log.leaf.Kind`) | by whom |
|---|---|---|
| a release is published | `release.published`: version, digest, archive_sha256; details: verdict | registry |
| it is yanked, offered again | `release.yanked`, `release.unyanked`: version; details: reason | registry |
| it is judged anew | `release.verdict`: version, digest; details: verdict, status | registry |
| a finding is lifted, counts again | `release.override`, `release.override_ended`: version, digest | registry |
| it is recalled, or no longer | `advisory.published`, `advisory.withdrawn`: version, digest; details | registry |
| a skill is shown or hidden | `skill.visibility`: details: visibility | registry |
| somebody may publish, or not any more | `namespace.member`, `namespace.publisher`: details | `follow`, by event |

A domain to the right calls `append(tx, Leaf(…), visibility=…)` in the transaction that does the thing, before it
records events, and only in transactions that are durable. `visibility` is that of the skill after the change: only of a
public skill does the log show more than a commitment. `sign_statement(app, …)` signs other things with the same key.
"""
