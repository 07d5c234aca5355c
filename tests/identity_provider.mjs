// A real OpenID provider (the npm package `oidc-provider`) that signs the ID tokens of made-up CI jobs.
// Argument: the folder of the package. Prints its address. A token is for whatever audience a job asks for.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { Provider } = await import(pathToFileURL(createRequire(`${folder}/`).resolve("oidc-provider")));
const GRANT = "urn:example:ci-job";
let claims = {};
let provider;

function keys() {
  const made = [
    [generateKeyPairSync("rsa", { modulusLength: 2048 }), "RS256"],
    [generateKeyPairSync("ec", { namedCurve: "P-256" }), "ES256"],
    [generateKeyPairSync("ed25519"), "EdDSA"],
  ];
  return { keys: made.map(([pair, alg]) => ({ ...pair.privateKey.export({ format: "jwk" }), kid: `${alg}-${randomUUID()}`, use: "sig", alg })) };
}

class AnyClient {
  constructor(model) { this.model = model; }
  async find(id) {
    const client = { client_id: id, grant_types: [GRANT], redirect_uris: [], response_types: [], token_endpoint_auth_method: "none" };
    return this.model === "Client" ? client : undefined;
  }
}

function build(issuer) {
  provider = new Provider(issuer, {
    adapter: AnyClient, jwks: keys(),
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    clientBasedCORS: () => false,
  });
  provider.registerGrantType(GRANT, async (ctx) => {
    const wanted = JSON.parse(ctx.oidc.params.job);
    ctx.body = { id_token: await sign(ctx, ctx.oidc.client, wanted), token_type: "Bearer", access_token: "none" };
  }, ["job"]);
  provider.use(async (ctx, next) => {
    if (ctx.path !== "/_ci/id-token") return next();  // as GitHub hands them out
    if (ctx.get("authorization").toLowerCase() !== "bearer of-this-job") return ctx.throw(401);
    const client = await provider.Client.find(ctx.query.audience);
    ctx.body = { count: 1, value: await sign(ctx, client, { claims }) };
  });
}

async function sign(ctx, client, { claims, alg = "RS256", expires_in = 300 }) {
  client.idTokenSignedResponseAlg = alg;
  const token = new provider.IdToken({ sub: claims.sub ?? "job" }, { ctx, client });
  token.scope = "openid";
  const extra = { jti: randomUUID(), ...claims };
  for (const [name, value] of Object.entries(extra)) token.set(name, value);
  return token.issue({ use: "idtoken", expiresAt: Math.floor(Date.now() / 1000) + expires_in });
}

const server = createServer((request, response) => {
  if (request.url === "/_ci/rotate") {
    build(provider.issuer);
    return response.end();
  }
  if (request.url === "/_ci/claims") {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => { claims = JSON.parse(body); response.end(); });
    return undefined;
  }
  return provider.callback()(request, response);
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  build(issuer);
  console.log(JSON.stringify({ issuer }));
});
