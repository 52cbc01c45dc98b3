// pgAdmin 4, configured by the recipe.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Person } from "./person.mjs";
import { recipe, running } from "./samples.mjs";
import { arrive, freePort, password, service } from "./support.mjs";

const python = process.env.PGADMIN_PYTHON ?? "python3";

test("pgAdmin signs a person in by the recipe, and makes them an account", async () => {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const folder = join(service.folder, "pgadmin");
  await mkdir(folder);
  const config = `${await recipe("pgadmin", url)}
SERVER_MODE = True
DEFAULT_SERVER = 'localhost'
DEFAULT_SERVER_PORT = ${port}
DATA_DIR = '${folder}'
LOG_FILE = '${folder}/log'
SQLITE_PATH = '${folder}/pgadmin4.db'
SESSION_DB_PATH = '${folder}/sessions'
STORAGE_DIR = '${folder}/storage'
AZURE_CREDENTIAL_CACHE_DIR = '${folder}/azure'
UPGRADE_CHECK_ENABLED = False
MASTER_PASSWORD_REQUIRED = False
`;
  await writeFile(join(folder, "config_local.py"), config);
  const env = { PYTHONPATH: folder, PGADMIN_SETUP_EMAIL: "first@example.com", PGADMIN_SETUP_PASSWORD: password };
  await running([join(dirname(python), "pgadmin4")], { url, env, cwd: folder, ready: `${url}/login` }, async () => {
    const someone = { username: "pg-alice", email: "pg-alice@example.com", password };
    const person = new Person(service.url, url);
    await person.signUp(service.url, someone);
    // Its page is drawn by a script, which sends this form.
    const { html } = await person.go(`${url}/login`);
    assert.match(html, /"OAUTH2_NAME": "vestibule"/);
    const csrf_token = html.match(/"csrfToken": "([^"]+)"/)[1];
    const body = String(new URLSearchParams({ csrf_token, oauth2_button: "vestibule" }));
    const form = { method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded", origin: url } };
    const sent = await person.go(`${url}/authenticate/login`, form);
    await arrive(person, sent.left ?? sent.url, someone);
    const page = await person.go(`${url}/user_management/current_user.js`);
    assert.equal(page.status, 200, page.html);
    assert.match(page.html, new RegExp(someone.email), page.html);
  });
});
