// The programs in apps/, as docs/apps.md shows them: each started with a port and an app of its own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { Person } from "./person.mjs";
import { addApp, arrive, freePort, password, service } from "./support.mjs";

/** Starts a program, waits until it answers, and stops it after `use`. */
export async function running([program, ...words], { url, env = {}, cwd, ready = url }, use) {
  const child = spawn(program, words, { cwd, env: { PATH: process.env.PATH, HOME: service.folder, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (log += text));
  const ended = new Promise((end) => child.once("exit", end));
  child.once("error", (error) => (log += error));
  try {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(ready, { redirect: "manual" }).catch(() => undefined);
      if (answer?.status < 400) break;
      assert.ok(tries < 900 && child.exitCode === null, `${program} does not answer`);
      await sleep(100);
    }
    return await use();
  } catch (error) {
    throw new Error(`${error.message}\n${program} printed:\n${log}`, { cause: error });
  } finally {
    // Its children, too.
    if (child.pid && child.exitCode === null) {
      process.kill(-child.pid, "SIGTERM");
      await ended;
    }
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }
}

/** Registers an app, starts its program with what it needs to know, and signs a person in to it. */
export async function signIn(name, callback, start, { options = [], env = {}, home = "/", go = enter } = {}) {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const { clientId, secret } = await addApp(name, "--redirect", url + callback, ...options);
  const facts = {
    ISSUER: service.url,
    CLIENT_ID: clientId,
    CLIENT_SECRET: secret,
    SESSION_SECRET: "a secret of this test, which is long enough for everyone",
    APP_URL: url,
  };
  await running(start(port), { url, env: { ...facts, ...env } }, async () => {
    const someone = { username: `${name}-alice`, email: `${name}-alice@example.com`, password };
    const person = new Person(service.url, url);
    await person.signUp(service.url, someone);
    const page = await go(person, url + home, someone);
    assert.match(page.html ?? "", new RegExp(`Hello ${someone.username}\\b`), JSON.stringify(page));
  });
}

/** Registers a well-known app by its recipe; what is to be pasted into its configuration. */
export async function recipe(name, url) {
  const { printed } = await addApp(name, "--recipe", name, "--url", url);
  const [, paste] = printed.match(/\n[\w./-]+:\n\n([^]*)$/) ?? assert.fail(printed);
  // What is said below it is for people.
  return paste.split("\n\n").filter((part) => /[=:]/.test(part)).join("\n\n");
}

/** Goes to the app, which leads to the service. */
export const enter = arrive;

/** Presses the app's own button first. */
export async function press(person, url, someone, has = "") {
  const page = await person.submit(await person.go(url), {}, has);
  return arrive(person, page.left ?? page.url, someone);
}
