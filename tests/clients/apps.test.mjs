// The programs of docs/apps.md, each with the library that people choose for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { press, signIn } from "./samples.mjs";
import { service } from "./support.mjs";

const file = (name) => fileURLToPath(new URL(`apps/${name}`, import.meta.url));
const python = process.env.PYTHON ?? "python3";
const node = (name) => () => [process.execPath, file(name)];

test("Express with express-openid-connect", () => signIn("express", "/callback", node("express.mjs")));

test("Express with Passport", () => signIn("passport", "/callback", node("passport.mjs")));

test("Auth.js", () =>
  signIn("authjs", "/auth/callback/vestibule", node("authjs.mjs"), { options: ["--id-token-claims"], go: (person, url, someone) => press(person, url, someone, "csrfToken") }));

test("Flask with Authlib", () =>
  signIn("flask", "/callback", (port) => [python, "-m", "flask", "--app", file("flask_app.py"), "run", "--host", "localhost", "--port", port]));

test("Django with mozilla-django-oidc", async () => {
  const env = { DATABASE: join(service.folder, "django.sqlite3") };
  const facts = { ISSUER: "", CLIENT_ID: "", CLIENT_SECRET: "", SESSION_SECRET: "-", PATH: process.env.PATH };
  await promisify(execFile)(python, [file("django_app.py"), "migrate"], { env: { ...facts, ...env } });
  await signIn("django", "/oidc/callback/", (port) => [python, file("django_app.py"), "runserver", "--noreload", `localhost:${port}`], { env });
});
