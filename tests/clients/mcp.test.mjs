// The official SDK of the Model Context Protocol: a client signs a person in to a protected server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { serve } from "./mcp-server.mjs";
import { Person } from "./person.mjs";
import { addApp, arrive, freePort, password, service } from "./support.mjs";

test("an MCP client signs a person in, calls a tool, refreshes, and is refused when the person signed out", async () => {
  const port = await freePort();
  const resource = `http://localhost:${port}/mcp`;
  const own = await addApp("mcp-server", "--redirect", `http://localhost:${port}/unused`, "--resource", resource);
  const assistant = await addApp("assistant", "--public", "--redirect", "http://127.0.0.1/callback", "--resource", resource);
  const server = await serve({ port, resource, issuer: service.url, clientId: own.clientId, secret: own.secret });
  try {
    const someone = { username: "mcp-alice", email: "mcp-alice@example.com", password };
    const person = new Person(service.url);
    await person.signUp(service.url, someone);
    const provider = new Provider(assistant.clientId, async (address) => arrive(person, address, someone));

    const first = new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
    await assert.rejects(new Client({ name: "test", version: "1" }).connect(first), UnauthorizedError);
    assert.equal(provider.arrived.searchParams.get("iss"), service.url);
    await first.finishAuth(provider.arrived.searchParams.get("code"));
    assert.deepEqual(await whoAmI(resource, provider), someone.username);

    // The server refuses an access token that is none; the client gets another with its refresh token.
    const refresh = provider.kept.refresh_token;
    provider.kept = { ...provider.kept, access_token: "va_none" };
    assert.deepEqual(await whoAmI(resource, provider), someone.username);
    assert.notEqual(provider.kept.refresh_token, refresh, "refresh tokens rotate");

    const page = await person.go(`${service.url}/logout`);
    await person.submit(page, {}, "csrf_token");
    provider.onRedirect = async () => undefined;
    await assert.rejects(whoAmI(resource, provider));
  } finally {
    server.close();
  }
});

async function whoAmI(resource, authProvider) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider }));
  const { content } = await client.callTool({ name: "who-am-i", arguments: {} });
  await client.close();
  return content[0].text;
}

/** What the SDK asks of a program: to keep tokens, and to open a browser. */
class Provider {
  redirectUrl = "http://127.0.0.1:51999/callback";
  clientMetadata = { redirect_uris: [this.redirectUrl], scope: "openid profile offline_access", token_endpoint_auth_method: "none" };

  constructor(clientId, onRedirect) {
    Object.assign(this, { clientId, onRedirect });
  }

  clientInformation = () => ({ client_id: this.clientId });
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  redirectToAuthorization = async (address) => void (this.arrived = await this.onRedirect(address));
}
