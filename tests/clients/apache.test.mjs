// mod_auth_openidc in Apache: the relying party of many old applications, in C.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Person } from "./person.mjs";
import { addApp, arrive, freePort, password, service } from "./support.mjs";

const modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "dir", "mime", "headers", "auth_openidc"];

test("Apache lets in the members of a group, and nobody else", async () => {
  const port = await freePort();
  const site = `http://localhost:${port}`;
  const app = await addApp("apache", "--redirect", `${site}/staff/callback`, "--post-logout", `${site}/`);
  await service.command("group", "add", "staff");
  const apache = await start(port, site, app);
  try {
    const alice = { username: "apache-alice", email: "apache-alice@example.com", password };
    const bob = { username: "apache-bob", email: "apache-bob@example.com", password };
    for (const [someone, status] of [[alice, 200], [bob, 401]]) {
      const person = new Person(service.url, site);
      await person.signUp(service.url, someone);
      if (someone === alice) await service.command("group", "members", "staff", "--add", alice.username);
      const page = await arrive(person, `${site}/staff/`, someone);
      assert.equal(page.status, status, page.html);
      if (status === 200) assert.equal(page.headers["x-user"], alice.username);
    }
  } finally {
    apache.kill("SIGTERM");
  }
});

async function start(port, site, { clientId, secret }) {
  const folder = join(service.folder, "apache");
  await mkdir(join(folder, "www", "staff"), { recursive: true });
  await writeFile(join(folder, "www", "staff", "index.html"), "<p>for staff</p>");
  const config = `
    ServerRoot "${folder}"
    ServerName localhost
    Listen 127.0.0.1:${port}
    PidFile "${folder}/pid"
    ErrorLog "${folder}/error.log"
    ${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n    ")}
    User www-data
    Group www-data
    DocumentRoot "${folder}/www"
    DirectoryIndex index.html
    TypesConfig /etc/mime.types
    OIDCProviderMetadataURL ${service.url}/.well-known/openid-configuration
    OIDCClientID ${clientId}
    OIDCClientSecret ${secret}
    OIDCRedirectURI ${site}/staff/callback
    OIDCCryptoPassphrase a-passphrase-for-this-test
    OIDCScope "openid profile email groups"
    OIDCRemoteUserClaim preferred_username
    OIDCPKCEMethod S256
    OIDCCookieSameSite On
    <Location /staff>
      AuthType openid-connect
      Require claim groups:staff
      Header always set X-User "expr=%{REMOTE_USER}"
    </Location>`;
  const file = join(folder, "apache.conf");
  await writeFile(file, config);
  await promisify(execFile)("chown", ["-R", "www-data:www-data", folder]).catch(() => {});
  const apache = spawn("/usr/sbin/apache2", ["-f", file, "-DFOREGROUND"], { stdio: "inherit" });
  for (let tries = 0; tries < 100; tries += 1) {
    if (await fetch(site).catch(() => undefined)) return apache;
    await sleep(100);
  }
  assert.fail("Apache did not start");
}
