// A certified OpenID provider for the tests: JWTs or opaque tokens by resource, keys that rotate, a login without a
// person. Started by provider.py with one JSON argument: folder, port, and the files of its certificate.
import { createServer } from "node:https";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const asked = JSON.parse(process.argv[2]);
const require = createRequire(`${asked.modules}/package.json`);
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);
const issuer = `https://127.0.0.1:${asked.port}`;
const keysFile = `${asked.folder}/provider-keys.json`;

function newKey(kid) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
}

// The first key signs; the one before it is still published.
let keys = existsSync(keysFile) ? JSON.parse(readFileSync(keysFile)) : [newKey("key-1")];
let count = keys.length;

function provider() {
  writeFileSync(keysFile, JSON.stringify(keys));
  const made = new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: "app", client_secret: "app-secret", token_endpoint_auth_method: "client_secret_post",
        grant_types: ["client_credentials", "authorization_code"], response_types: ["code"],
        redirect_uris: ["https://app.test/back"],
      },
      {
        client_id: "gate", client_secret: "gate/secret+1", token_endpoint_auth_method: "client_secret_basic",
        grant_types: [], response_types: [], redirect_uris: [],
      },
    ],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    scopes: ["openid", "things:read", "things:write"],
    pkce: { required: () => false },
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async (_, client) => client.clientId === "gate" },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_, resource) => ({
          scope: "things:read things:write", audience: resource, accessTokenTTL: 600,
          accessTokenFormat: resource.includes("opaque") ? "opaque" : "jwt",
          jwt: { sign: { alg: "ES256" } },
        }),
        useGrantedResource: async () => true,
      },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ["not a secret: for tests"] },
  });
  made.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) return next();
    // What a person would do: log in, and agree to everything.
    const { prompt, params, session } = await made.interactionDetails(ctx.req, ctx.res);
    if (prompt.name === "login") {
      return made.interactionFinished(ctx.req, ctx.res, { login: { accountId: "ann", amr: ["pwd"] } });
    }
    const grant = new made.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addResourceScope(params.resource, "things:read things:write");
    return made.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } });
  });
  return made.callback();
}

let answer = provider();
const server = createServer({ cert: readFileSync(asked.cert), key: readFileSync(asked.key) }, (req, res) => {
  if (req.method === "POST" && req.url === "/rotate") {
    count += 1;
    keys = [newKey(`key-${count}`), keys[0]];
    answer = provider();
    res.end(keys[0].kid);
    return;
  }
  answer(req, res);
});
server.listen(asked.port, "127.0.0.1", () => console.log("provider ready"));
