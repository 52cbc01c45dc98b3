// openid-client: the certified relying party of Node.js.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";
import { Person } from "./person.mjs";
import { addApp, arrive, password, service } from "./support.mjs";

const redirect = "https://app.example/callback";
const scope = "openid profile email groups offline_access";

async function configuration({ clientId, secret }) {
  return client.discovery(new URL(service.url), clientId, secret, secret ? undefined : client.None(), {
    execute: [client.allowInsecureRequests],
  });
}

for (const alg of ["RS256", "ES256", "EdDSA"]) {
  test(`a web app signs a person in, refreshes, asks and revokes, with ${alg}`, async () => {
    const app = await addApp(`web-${alg.toLowerCase()}`, "--redirect", redirect, "--alg", alg);
    const config = await configuration(app);
    const someone = { username: `alice-${alg.toLowerCase()}`, email: `alice-${alg.toLowerCase()}@example.com`, password };
    const person = new Person(service.url);
    await person.signUp(service.url, someone);

    const [pkceCodeVerifier, expectedState, expectedNonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
    const address = client.buildAuthorizationUrl(config, {
      redirect_uri: redirect,
      scope,
      prompt: "consent",
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
    });
    const arrived = await arrive(person, address, someone);
    const tokens = await client.authorizationCodeGrant(config, arrived, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
    const { sub } = tokens.claims();
    const info = await client.fetchUserInfo(config, tokens.access_token, sub);
    assert.equal(info.preferred_username, someone.username);
    assert.deepEqual(info.groups, []);

    const asked = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(asked.active, true);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal(refreshed.claims().sub, sub);
    await client.tokenRevocation(config, refreshed.refresh_token);
    await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token), { error: "invalid_grant" });
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, false);
  });
}

for (const [name, ...options] of [["pushes"], ["pushes-without-secret", "--public"]]) {
  test(`an app pushes its request first: ${name}`, async () => {
    const app = await addApp(name, "--redirect", redirect, ...options);
    const config = await configuration(app);
    const someone = { username: name, email: `${name}@example.com`, password };
    const person = new Person(service.url);
    await person.signUp(service.url, someone);
    const [pkceCodeVerifier, expectedState] = [client.randomPKCECodeVerifier(), client.randomState()];
    const address = await client.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: redirect,
      scope: "openid profile",
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
    });
    assert.deepEqual([...address.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    const arrived = await arrive(person, address, someone);
    const tokens = await client.authorizationCodeGrant(config, arrived, { pkceCodeVerifier, expectedState, idTokenExpected: true });
    const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(info.preferred_username, name);
    assert.equal(typeof info.updated_at, "number");
    const refused = client.buildAuthorizationUrlWithPAR(config, { redirect_uri: "https://evil.example/", scope: "openid" });
    await assert.rejects(refused, { error: "invalid_request" });
  });
}

test("a public app on a loopback port signs a person in", async () => {
  const app = await addApp("native", "--public", "--redirect", "http://127.0.0.1/callback");
  const config = await configuration(app);
  const someone = { username: "native-bob", email: "native-bob@example.com", password };
  const person = new Person(service.url);
  await person.signUp(service.url, someone);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: "http://127.0.0.1:51234/callback",
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const arrived = await arrive(person, address, someone);
  assert.equal(arrived.port, "51234");
  const tokens = await client.authorizationCodeGrant(config, arrived, { pkceCodeVerifier, idTokenExpected: true });
  assert.ok(tokens.claims().sub);
});

test("a service gets a token for itself", async () => {
  const app = await addApp("robot", "--service", "--scope", "reports.read");
  const config = await configuration(app);
  const tokens = await client.clientCredentialsGrant(config, { scope: "reports.read" });
  assert.equal(tokens.scope, "reports.read");
});
