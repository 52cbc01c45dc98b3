// The OpenID Connect gem of GitLab and Mastodon, in a small Rack app and in Rails.

import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { press, signIn } from "./samples.mjs";

const file = (name) => fileURLToPath(new URL(`apps/${name}`, import.meta.url));
const rackup = (name) => (port) => ["rackup", "--quiet", "--server", "webrick", "--host", "localhost", "--port", port, file(name)];

for (const [pkce, env] of [["without PKCE", {}], ["with PKCE", { PKCE: "1" }]]) {
  test(`omniauth_openid_connect as GitLab has it, ${pkce}`, () => {
    const options = env.PKCE ? ["--require-pkce"] : [];
    const name = env.PKCE ? "gitlab-pkce" : "gitlab";
    return signIn(name, "/users/auth/openid_connect/callback", rackup("omniauth.ru"), { env, options, go: (person, url, someone) => press(person, url, someone, "authenticity_token") });
  });
}

test("Rails with omniauth_openid_connect", () =>
  signIn("rails", "/auth/vestibule/callback", rackup("config.ru"), { go: (person, url, someone) => press(person, url, someone, "authenticity_token") }));
