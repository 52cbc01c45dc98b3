// JupyterHub with oauthenticator, configured by the recipe.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Person } from "./person.mjs";
import { recipe, running } from "./samples.mjs";
import { arrive, freePort, password, service } from "./support.mjs";

const python = process.env.PYTHON ?? "python3";
const proxy = fileURLToPath(new URL("node_modules/.bin/configurable-http-proxy", import.meta.url));

test("JupyterHub signs a person in by the recipe, and knows them again", async () => {
  const [port, hub, api] = [await freePort(), await freePort(), await freePort()];
  const url = `http://localhost:${port}`;
  const folder = join(service.folder, "jupyterhub");
  await mkdir(folder);
  // Servers of notebooks are none of our business: people see the hub's own page.
  const config = `${await recipe("jupyterhub", url)}
c.JupyterHub.bind_url = "http://localhost:${port}"
c.JupyterHub.hub_port = ${hub}
c.JupyterHub.db_url = "sqlite:///${folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "${folder}/cookie_secret"
c.JupyterHub.redirect_to_server = False
c.ConfigurableHTTPProxy.command = ["${proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://localhost:${api}"
c.ConfigurableHTTPProxy.pid_file = "${folder}/proxy.pid"
`;
  await writeFile(join(folder, "jupyterhub_config.py"), config);
  const env = { PATH: `${dirname(python)}:${process.env.PATH}` };
  const start = [python, "-m", "jupyterhub", "--config", join(folder, "jupyterhub_config.py")];
  await running(start, { url, env, cwd: folder, ready: `${url}/hub/login` }, async () => {
    const someone = { username: "jupyter-alice", email: "jupyter-alice@example.com", password };
    const person = new Person(service.url, url);
    await person.signUp(service.url, someone);
    for (const visit of ["first", "second"]) {
      const page = await arrive(person, `${url}/hub/oauth_login?next=/hub/home`, someone);
      assert.equal(page.status, 200, page.html);
      assert.match(page.html, new RegExp(`user: "${someone.username}"|>\\s*${someone.username}\\s*<`), `${visit}: ${page.html}`);
    }
  });
});
