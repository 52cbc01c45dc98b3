// The real service over a database of its own, and the command line that registers apps with it.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = resolve(root, process.env.VESTIBULE_BIN ?? "target/debug/vestibule");
const run = promisify(execFile);

export const password = "correct horse battery staple";

export const service = {
  log: "",

  async start() {
    this.folder = await mkdtemp(join(tmpdir(), "vestibule-clients-"));
    // Under root the database's server runs as another user, who has to pass through.
    await chmod(this.folder, 0o755);
    const port = await freePort();
    this.url = `http://localhost:${port}`;
    this.documents = `https://localhost:${await freePort()}`;
    this.resource = `http://localhost:${await freePort()}/mcp`;
    this.env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      VESTIBULE_DATA_DIR: join(this.folder, "data"),
      VESTIBULE_LISTEN: `127.0.0.1:${port}`,
      VESTIBULE_PUBLIC_URL: this.url,
      VESTIBULE_REQUIRE_VERIFICATION: "false",
      VESTIBULE_OUTBOUND_NETWORKS: "127.0.0.0/8,::1/128",
      VESTIBULE_OUTBOUND_CA: await this.certificate(),
      VESTIBULE_CLIENT_DOCUMENTS: new URL(this.documents).host,
      VESTIBULE_CLIENT_DOCUMENT_RESOURCES: this.resource,
      NO_COLOR: "1",
    };
    this.process = spawn(program, { cwd: this.folder, env: this.env, stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));
    this.ended = new Promise((ended) => this.process.once("close", ended));
    for (let tries = 0; tries < 600; tries += 1) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (this.process.exitCode !== null) break;
      await sleep(100);
    }
    throw new Error(`the service did not become ready:\n${this.log}`);
  },

  /** A certificate for `localhost`, which the service trusts and other programs do not. */
  async certificate() {
    const [key, certificate] = [join(this.folder, "key.pem"), join(this.folder, "certificate.pem")];
    const options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
    await run("openssl", ["req", ...options, ...names, "-keyout", key, "-out", certificate]);
    this.tls = { key: await readFile(key), cert: await readFile(certificate) };
    return certificate;
  },

  /** What a command prints. */
  async command(...words) {
    const { stdout } = await run(program, words, { cwd: this.folder, env: this.env });
    return stdout;
  },

  async stop() {
    if (this.process) {
      this.process.kill("SIGTERM");
      await this.ended;
    }
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  },
};

before(() => service.start());
after(async () => {
  await service.stop();
  const faults = service.log.split("\n").filter((line) => line.includes('"level":"ERROR"') || line.includes("panicked"));
  assert.deepEqual(faults, [], "the service logged no faults");
});

/** Registers an app; its client_id, and its secret if it has one. */
export async function addApp(name, ...options) {
  const printed = await service.command("app", "add", name, ...options);
  const [secret] = printed.match(/vs_[\w-]{43}/) ?? [];
  return { clientId: name, secret, printed };
}

export async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Leads a person through sign-in and consent to the app, and returns where they arrive. */
export async function arrive(person, address, { username }) {
  let page = await person.go(address);
  if (page.html?.includes('name="identifier"')) page = await person.submit(page, { identifier: username, password });
  if (page.html?.includes('value="allow"')) page = await person.submit(page, { answer: "allow" });
  return page.left ?? page;
}
