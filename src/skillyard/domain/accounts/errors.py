"""What accounts refuse."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated, Upstream


class TokenNotValid(Unauthenticated):
    code = "token_not_valid"
    text = "The token is not valid."
    hint = "Check that it is complete; sign in with `skillyard login` for a new one."


class TokenExpired(Unauthenticated):
    code = "token_expired"
    text = "The token has expired."
    hint = "Sign in again with `skillyard login`, or create a new token."


class TokenRevoked(Unauthenticated):
    code = "token_revoked"
    text = "The token was revoked."
    hint = "Sign in again with `skillyard login`, or create a new token."


class AccountSuspended(Unauthenticated):
    code = "account_suspended"
    text = "The account {username} is suspended."
    hint = "Ask an administrator of this registry."


class RefreshTokenNotValid(Unauthenticated):
    code = "refresh_token_not_valid"
    text = "The refresh token is not valid: it is incomplete, or its session has ended."
    hint = "Sign in again with `skillyard login`."


class RefreshTokenUsedBefore(Unauthenticated):
    code = "refresh_token_used"
    text = "The refresh token was used before; its session is over now, since somebody may have copied it."
    hint = "Sign in again with `skillyard login`, on one machine at a time."


class SignInFailed(Unauthenticated):
    code = "sign_in_failed"
    text = "The username or the password is not right."
    hint = "Try again; if you forgot it, ask an administrator for a sign-in link."


class ProviderRefused(Upstream):
    code = "provider_refused"
    text = "{provider} did not complete the sign-in: {why}."
    hint = "Try again; if it stays, let the operator compare client id, secret and redirect address with {provider}'s."


class SignInDenied(Forbidden):
    code = "denied_by_provider"
    text = "{provider} says that the sign-in was denied."
    hint = "Begin again if that was a mistake; or sign in another way."


class SignInLost(Unauthenticated):
    code = "sign_in_lost"
    text = "This sign-in cannot go on: {why}."
    hint = "Begin again on the sign-in page, and end it in the same browser within ten minutes."


class ProviderMixedUp(Unauthenticated):
    code = "provider_mixed_up"
    text = "The answer is refused: it does not say that it comes from {provider} (parameter iss)."
    hint = "Begin again on the sign-in page; if it stays, tell the operator of this registry."


class SignUpClosed(Forbidden):
    code = "sign_up_closed"
    text = "No account belongs to this identity, and this registry makes none by itself."
    hint = "Ask an administrator for an invitation; with an account, link the identity on your account's page."


class SignUpForOthers(Forbidden):
    code = "sign_up_for_others"
    text = "No account belongs to this identity, and its e-mail domain is not one that gets accounts here."
    hint = "Sign in with the identity of your organisation, or ask an administrator for an invitation."


class PasswordNotRight(Forbidden):
    code = "password_not_right"
    text = "The current password is missing or not right."
    hint = "Name the current one; if you forgot it, ask an administrator for a sign-in link and set a new one there."


class LinkNotValid(Unauthenticated):
    code = "link_not_valid"
    text = "The sign-in link is not valid: it was used, has expired, or is incomplete."
    hint = "Ask for a new one; the operator makes one with `skillyard sign-in-link`."


class SignInTooOld(Forbidden):
    code = "sign_in_too_old"
    text = "This needs a session that was begun within the last {minutes} minutes."
    hint = "Sign out and in again, then repeat it."


class TooManySignIns(TooMany):
    code = "too_many_sign_ins"
    text = "Too many attempts to sign in."
    hint = "Wait {retry_after_s} seconds, then try again."


class RoleTooLow(Forbidden):
    code = "role_too_low"
    text = "You are {role} of {namespace}; this needs {needed}."
    hint = "Ask an owner of {namespace} to raise your role."


class ScopeMissing(Forbidden):
    code = "scope_missing"
    text = "The token lacks the scope {scope}."
    hint = "Create a token with the scope {scope}, or sign in with `skillyard login`."


class TokenTooNarrow(Forbidden):
    code = "token_too_narrow"
    text = "The token is limited to some scopes or namespaces; this needs one with full access."
    hint = "Sign in with `skillyard login`, then try again."


class TokenForPublishing(Forbidden):
    code = "token_for_publishing"
    text = "The token of a trusted publisher is good for publishing only."
    hint = "Do this as a person: sign in with `skillyard login`, or use a personal token."


class TokenForOneSkill(Forbidden):
    code = "token_for_one_skill"
    text = "The token is for {skill} only."
    hint = "Let an owner trust this workflow for the other skill too, with `skillyard trust add`."


class OutsideSlice(Forbidden):
    code = "outside_slice"
    text = "The key does not reach {skill}."
    hint = "Add it to the key's collection with `skillyard collections add`, with an all-skills key or as a person."


class KeyForSlice(Forbidden):
    code = "key_for_slice"
    text = "The key is for some skills of a drive, and not for this."
    hint = "Use an all-skills key, or do it as a person: sign in with `skillyard login`."


class NoTrustedPublisher(Forbidden):
    code = "no_trusted_publisher"
    text = "No trusted publisher of {target} fits this ID token: {claims} does not match."
    hint = "Compare with `skillyard trust list`; names count to the letter, in upper and lower case."


class PublisherSuspended(Forbidden):
    code = "publisher_suspended"
    text = "Nobody who can sign in owns {namespace}."
    hint = "Ask an administrator of this registry."


class AdministratorsOnly(Forbidden):
    code = "administrators_only"
    text = "Only an administrator of this registry may do this."
    hint = "Ask an administrator."


class ScopesTooWide(Forbidden):
    code = "scopes_too_wide"
    text = "A token cannot be given what you do not have yourself: {scopes}."
    hint = "Leave these scopes out, or sign in with `skillyard login` and try again."


class IntegrationNotInScope(Forbidden):
    code = "scope_not_allowed"
    text = "This key is not good for {integration}, only for: {integrations}."
    hint = "Use a key that names {integration}, or one for all integrations."


class NamespaceNotFound(NotFound):
    code = "namespace_not_found"
    text = "There is no namespace {namespace} that you belong to."
    hint = "Check the name, and that your token is not limited to others; an owner can add you."


class UserNotFound(NotFound):
    code = "user_not_found"
    text = "There is no account {username}."
    hint = "Check the name."


class MemberNotFound(NotFound):
    code = "member_not_found"
    text = "{username} is not a member of {namespace}."
    hint = "List the members with `skillyard namespaces members {namespace}`."


class TokenNotFound(NotFound):
    code = "token_not_found"
    text = "You have no token {token_id}."
    hint = "List yours with `skillyard tokens list`."


class PublisherNotFound(NotFound):
    code = "publisher_not_found"
    text = "{namespace} has no trusted publisher {publisher_id}."
    hint = "List them with `skillyard trust list {namespace}`."


class ProviderNotFound(NotFound):
    code = "provider_not_found"
    text = "There is no such provider to sign in with."
    hint = "Choose one on the sign-in page; the operator adds others with SKILLYARD_OIDC."


class IdentityNotFound(NotFound):
    code = "identity_not_found"
    text = "Your account has no identity {identity_id}."
    hint = "List yours with `skillyard identities list`."


class CliSessionNotFound(NotFound):
    code = "cli_session_not_found"
    text = "There is no such sign-in waiting."
    hint = "Start again with `skillyard login`."


class NamespaceTaken(Conflict):
    code = "namespace_taken"
    text = "The name {namespace} is taken."
    hint = "Choose another one."


class PublisherExists(Conflict):
    code = "publisher_exists"
    text = "{target} trusts this publisher already."
    hint = "List them with `skillyard trust list {target}`."


class IdTokenUsedBefore(Conflict):
    code = "id_token_used"
    text = "This ID token was exchanged before (claim jti)."
    hint = "Let the CI job ask for a new one; each is good for one exchange."


class SeveralPublishers(Conflict):
    code = "several_publishers"
    text = "This ID token fits several trusted publishers: {targets}."
    hint = "Name the skill that you want to publish."


class LastOwner(Conflict):
    code = "last_owner"
    text = "{username} is the last owner of {namespace}."
    hint = "Make somebody else an owner first."


class AlreadyMember(Conflict):
    code = "already_member"
    text = "{username} is a member of {namespace} already."
    hint = "Change the role with `skillyard namespaces set-member {namespace} {username}`."


class TooManyInvitations(Conflict):
    code = "too_many_invitations"
    text = "{namespace} has {most} invitations that nobody has answered; there cannot be more."
    hint = "Take some back with `skillyard teams revoke {namespace}`."


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    text = "There is no such invitation to {namespace}; it may have been answered, taken back, or have expired."
    hint = "List yours with `skillyard teams invitations`; ask an owner of {namespace} for another one."


class PersonalNamespace(Conflict):
    code = "personal_namespace"
    text = "{namespace} is a personal namespace; its members cannot be changed."
    hint = "Create an organisation's namespace to work together."


class SetUpFirst(Conflict):
    code = "set_up_first"
    text = "This registry has no administrator yet."
    hint = "Open the link that the server printed when it started, then sign in this way."


class IdentityTaken(Conflict):
    code = "identity_taken"
    text = "This identity belongs to an account already."
    hint = "Sign in with it; to link it to another account, unlink it there first."


class LastWayIn(Conflict):
    code = "last_way_in"
    text = "This identity is the only way in which you can sign in."
    hint = "Set a password or link another identity first."


class PolledTooSoon(TooMany):
    code = "polled_too_soon"
    text = "This was asked less than {seconds} seconds ago."
    hint = "Ask every {seconds} seconds at most."


class CliSessionDecidedBefore(Conflict):
    code = "cli_session_decided"
    text = "This sign-in is {status} already."
    hint = "Start again with `skillyard login`."


class NotYourself(Conflict):
    code = "not_yourself"
    text = "You cannot suspend your own account."
    hint = "Let another administrator do it."


class NotAcceptable(Invalid):
    code = "not_acceptable"
    text = "The request is refused: {first}{more}."
    hint = "Correct the faults listed and send it again."


class ClaimNotFound(NotFound):
    code = "claim_not_found"
    text = "There is no claim {claim_id} that you may withdraw."
    hint = "List yours with `skillyard claims list`."


class ClaimOfIdentity(Conflict):
    code = "claim_of_identity"
    text = "The claim {claim_id} comes from an identity that you sign in with."
    hint = "Unlink the identity with `skillyard identities unlink {claim_id}`."


class AgentNotFound(NotFound):
    code = "agent_not_found"
    text = "You have no agent {agent_id}."
    hint = "List yours with `skillyard agents list`."


class AgentKeyNotFound(NotFound):
    code = "agent_key_not_found"
    text = "The agent {agent_id} has no key {key_id}."
    hint = "List its keys with `skillyard agents keys {agent_id}`."


class AgentMayNotAct(Forbidden):
    code = "agent_may_not_act"
    text = "The agent {agent_id} is {why}."
    hint = "Activate it with `skillyard agents activate {agent_id}`; if it is blocked, ask an administrator."


class AgentIsAnother(Forbidden):
    code = "agent_is_another"
    text = "The agent {agent_id} cannot act as {named}."
    hint = "Leave the agent out of the request: the bearer names it."


class TooManyAgents(Conflict):
    code = "too_many_agents"
    text = "You have {most} agents; there cannot be more."
    hint = "Remove one that you do not need with `skillyard agents remove`."


class TooManyAgentKeys(Conflict):
    code = "too_many_agent_keys"
    text = "The agent {agent_id} has {most} keys; there cannot be more."
    hint = "Remove one with `skillyard agents remove-key {agent_id}`."


class EnrollmentFailed(Invalid):
    code = "enrollment_failed"
    text = "The key is not enrolled: {why}."
    hint = "Ask for a new challenge, and sign its characters with the key within five minutes."
