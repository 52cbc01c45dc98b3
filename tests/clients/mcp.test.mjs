// The official SDK of the Model Context Protocol: a client signs a person in to a protected server.

import assert from "node:assert/strict";
import { createServer } from "node:https";
import { after, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { serve } from "./mcp-server.mjs";
import { Person } from "./person.mjs";
import { addApp, password, service } from "./support.mjs";

let server;

/** Starts the protected server, which both tests use. */
async function notes() {
  const { resource, url } = service;
  const { clientId, secret } = await addApp("notes", "--service", "--resource", resource);
  server = await serve({ port: new URL(resource).port, resource, issuer: url, clientId, secret });
}
after(() => server?.close());

test("an MCP client signs a person in, calls a tool, refreshes, and is refused when the person signed out", async () => {
  await notes();
  const { clientId } = await addApp("assistant", "--public", "--redirect", "http://127.0.0.1/callback", "--resource", service.resource);
  await useNotes("mcp-alice", new Provider({ client_id: clientId }));
});

test("an MCP client that describes itself in a document does so too, until the operator disables it", async () => {
  const address = `${service.documents}/client.json`;
  const provider = new Provider(undefined, address);
  let reads = 0;
  const documents = createServer(service.tls, (request, response) => {
    reads += 1;
    const document = { client_id: address, client_name: "Assistant", client_uri: service.documents, ...provider.clientMetadata };
    response.setHeader("content-type", "application/json").end(JSON.stringify(document));
  });
  await new Promise((listening) => documents.listen(new URL(address).port, "localhost", listening));
  try {
    await useNotes("mcp-bob", provider);
    assert.equal(provider.information.client_id, address, "it was not registered");
    assert.equal(reads, 1);
    assert.match(provider.consent, /<h1>Allow an app that nobody has checked\?<\/h1>/);
    assert.match(await service.command("app", "list"), new RegExp(`${address} +document +enabled +Assistant`));

    await service.command("app", "disable", address);
    const person = new Person(service.url);
    const { status, html } = await person.go(provider.requested);
    assert.equal(status, 400, html);
    assert.equal(reads, 1);
  } finally {
    documents.close();
  }
});

/** Signs somebody up, in and out again, with calls to the tool between. */
async function useNotes(username, provider) {
  const someone = { username, email: `${username}@example.com`, password };
  const person = new Person(service.url);
  await person.signUp(service.url, someone);
  provider.onRedirect = async (address) => {
    const page = await person.submit(await person.go(address), { identifier: username, password });
    Object.assign(provider, { requested: address, consent: page.html });
    return (await person.submit(page, { answer: "allow" })).left;
  };

  const first = new StreamableHTTPClientTransport(new URL(service.resource), { authProvider: provider });
  await assert.rejects(new Client({ name: "test", version: "1" }).connect(first), UnauthorizedError);
  assert.equal(provider.arrived.searchParams.get("iss"), service.url);
  await first.finishAuth(provider.arrived.searchParams.get("code"));
  assert.deepEqual(await whoAmI(provider), username);

  // The server refuses an access token that is none; the client gets another with its refresh token.
  const refresh = provider.kept.refresh_token;
  provider.kept = { ...provider.kept, access_token: "va_none" };
  assert.deepEqual(await whoAmI(provider), username);
  assert.notEqual(provider.kept.refresh_token, refresh, "refresh tokens rotate");

  const page = await person.go(`${service.url}/logout`);
  await person.submit(page, {}, "csrf_token");
  provider.onRedirect = async () => undefined;
  await assert.rejects(whoAmI(provider));
}

async function whoAmI(authProvider) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(service.resource), { authProvider }));
  const { content } = await client.callTool({ name: "who-am-i", arguments: {} });
  await client.close();
  return content[0].text;
}

/** What the SDK asks of a program: to keep tokens, and to open a browser. */
class Provider {
  redirectUrl = "http://127.0.0.1:51999/callback";
  clientMetadata = { redirect_uris: [this.redirectUrl], scope: "openid profile offline_access", token_endpoint_auth_method: "none" };

  constructor(information, clientMetadataUrl) {
    Object.assign(this, { information, clientMetadataUrl });
  }

  clientInformation = () => this.information;
  saveClientInformation = (information) => void (this.information = information);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  redirectToAuthorization = async (address) => void (this.arrived = await this.onRedirect(address));
}
