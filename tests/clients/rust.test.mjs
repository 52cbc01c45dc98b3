// openidconnect: the relying party of Rust.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Person } from "./person.mjs";
import { signIn } from "./samples.mjs";
import { addApp, arrive, password, service } from "./support.mjs";

const built = (name) => fileURLToPath(new URL(`rust/target/debug/${name}`, import.meta.url));
const program = built("vestibule-rust-client");
const [redirect, postLogout] = ["https://rust.example/callback", "https://rust.example/bye"];

async function client(facts) {
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(facts));
  let printed = "";
  for await (const text of child.stdout) printed += text;
  return JSON.parse(printed);
}

// This client reads the keys once, before its first token.
for (const alg of ["ES256", "RS256"]) {
  test(`openidconnect signs a person in, refreshes and signs out, with ${alg}`, async () => {
    const name = `rust-${alg.toLowerCase()}`;
    const { clientId, secret } = await addApp(name, "--redirect", redirect, "--post-logout", postLogout, "--alg", alg);
    const someone = { username: name, email: `${name}@example.com`, password };
    const person = new Person(service.url);
    await person.signUp(service.url, someone);
    await service.command("group", "add", `${name}-makers`);
    await service.command("group", "members", `${name}-makers`, "--add", name);

    const facts = { issuer: service.url, client_id: clientId, secret, redirect, post_logout: postLogout };
    const { address, kept } = await client(facts);
    const arrived = await arrive(person, address, someone);
    const told = await client({ ...facts, kept, arrived: String(arrived) });
    assert.equal(told.alg, alg);
    assert.equal(told.info.sub, told.claims.sub);
    assert.equal(told.info.preferred_username, name);
    assert.deepEqual(told.info.groups, [`${name}-makers`]);

    const { left } = await person.go(told.logout);
    assert.equal(String(left), `${postLogout}?state=bye`);
    const page = await person.go(`${service.url}/dashboard`);
    assert.match(page.html, /name="identifier"/, "signed out here, too");
  });
}

test("axum with openidconnect", () => signIn("axum", "/callback", () => [built("axum")]));
