// A protected MCP server: it names its authorization server, and asks it what a token is worth (RFC 7662).

import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

export async function serve({ port, resource, issuer, clientId, secret }) {
  const metadata = { resource, authorization_servers: [issuer], scopes_supported: ["openid", "profile", "offline_access"] };
  const about = new URL("/.well-known/oauth-protected-resource/mcp", resource);

  async function caller(request) {
    const token = request.headers.authorization?.match(/^Bearer (\S+)$/)?.[1];
    if (!token) return undefined;
    const answer = await fetch(`${issuer}/oauth/introspect`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}` },
      body: new URLSearchParams({ token }),
    });
    const worth = await answer.json();
    return worth.active && [worth.aud].flat().includes(resource) ? worth : undefined;
  }

  const server = createServer(async (request, response) => {
    if (request.url === about.pathname) {
      response.setHeader("content-type", "application/json").end(JSON.stringify(metadata));
      return;
    }
    const worth = await caller(request);
    if (!worth) {
      response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${about}"` }).end();
      return;
    }
    const mcp = new McpServer({ name: "protected", version: "1" });
    mcp.registerTool("who-am-i", { description: "The person's name" }, () => ({ content: [{ type: "text", text: worth.username ?? worth.sub }] }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await mcp.connect(transport);
    await transport.handleRequest(request, response);
  });
  await new Promise((listening) => server.listen(port, "localhost", listening));
  return server;
}
