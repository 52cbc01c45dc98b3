// Authlib with joserfc: the relying party of Flask, Django and FastAPI.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Person } from "./person.mjs";
import { addApp, arrive, password, service } from "./support.mjs";

const script = fileURLToPath(new URL("authlib_client.py", import.meta.url));
const redirect = "https://flask.example/callback";

async function authlib(facts) {
  const python = spawn(process.env.PYTHON ?? "python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
  python.stdin.end(JSON.stringify(facts));
  let printed = "";
  for await (const text of python.stdout) printed += text;
  return JSON.parse(printed);
}

for (const method of ["client_secret_basic", "client_secret_post"]) {
  test(`Authlib signs a person in, with ${method}`, async () => {
    const name = `flask-${method.split("_").at(-1)}`;
    const { clientId, secret } = await addApp(name, "--redirect", redirect);
    const someone = { username: name, email: `${name}@example.com`, password };
    const person = new Person(service.url);
    await person.signUp(service.url, someone);
    const facts = { issuer: service.url, client_id: clientId, secret, redirect, method };
    const kept = await authlib({ ...facts, step: "begin" });
    const arrived = await arrive(person, kept.address, someone);
    const { claims, info, refreshed } = await authlib({ ...facts, step: "end", kept, arrived: String(arrived) });
    assert.equal(claims.sub, info.sub);
    assert.equal(info.preferred_username, name);
    assert.equal(refreshed, true);
  });
}
