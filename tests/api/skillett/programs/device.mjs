// The device flow of openid-client: node device.mjs FOLDER_OF_THE_PACKAGE BASE SCOPE
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, base, scope] = process.argv.slice(2);
const path = createRequire(pathToFileURL(`${folder}/package.json`)).resolve("openid-client");
const client = await import(pathToFileURL(path));

const server = {
  issuer: base,
  device_authorization_endpoint: `${base}/auth/device/code`,
  token_endpoint: `${base}/auth/device/token`,
};
const config = new client.Configuration(server, "my-agent", undefined, client.None());
client.allowInsecureRequests(config);

const waiting = await client.initiateDeviceAuthorization(config, { scope });
console.log(JSON.stringify(waiting));
try {
  console.log(JSON.stringify(await client.pollDeviceAuthorizationGrant(config, waiting)));
} catch (refused) {
  console.log(JSON.stringify({ error: refused.error, error_description: refused.error_description }));
}
