// How people sign in: the overview, the browsers that skip the second step, and having to have one.
//
// The ceremonies themselves have journeys of their own; here factors are put into the database.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fillIn, go, signIn, signOut, somebody, verified } from "./people.mjs";
import { inKorean, isAt, journey, journeyIn, lookAt, press, says, service, setupLink, usually, withoutScript, words } from "./support.mjs";

service.settings = { VESTIBULE_REQUIRE_SECOND_FACTOR: "admins" };

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** Does something to the rows of one person. */
function database(person, sql) {
  const env = { PATH: process.env.PATH, VESTIBULE_DATA_DIR: join(service.folder, "data") };
  return run(join(root, "scripts/db"), ["-qc", sql.replaceAll("WHO", `(select id from users where username = '${person.username}')`)], { env });
}

const factors = {
  app: (person, name) =>
    database(person, `insert into totp_factors (id, user_id, name, seed, confirmed_at) values (gen_random_uuid(), WHO, '${name}', '\\x00', now())`),
  passkey: (person, name) =>
    database(person, `insert into passkeys (id, user_id, name, credential_id, credential, backup_eligible, backed_up)
      values (gen_random_uuid(), WHO, '${name}', sha256(convert_to(gen_random_uuid()::text, 'UTF8')), '{}', true, true)`),
  codes: (person, count) =>
    database(person, `insert into recovery_codes (digest, user_id, saved_at) select sha256(convert_to(gen_random_uuid()::text, 'UTF8')), WHO, now() from generate_series(1, ${count})`),
  shown: (person) => database(person, "update sessions set aal = 2, amr = '{pwd,otp,mfa}', authenticated_at = now() where user_id = WHO"),
  trust: (person) =>
    database(person, `update known_browsers set trusted_until = now() + interval '30 days', address = '203.0.113.7',
      user_agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      trusted_version = (select credentials_version from users where id = WHO) where user_id = WHO`),
};

journeyIn([usually, withoutScript, inKorean], "the overview leads to everything that can be done about signing in", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "ada");
  await press(page.getByRole("link", { name: t("dashboard-second-step-add") }));
  isAt(page, "/account/factors");
  await page.getByText(t("factors-off")).waitFor();
  assert.equal(await page.getByRole("link", { name: t("factors-passkey-add") }).getAttribute("href"), "/account/factors/passkeys");
  assert.equal(await page.getByRole("link", { name: t("factors-app-add") }).getAttribute("href"), "/account/factors/totp");

  await factors.passkey(person, "My phone");
  await factors.app(person, "My app");
  await factors.codes(person, 8);
  await factors.shown(person);
  await page.reload();
  await page.getByText(t("factors-on")).waitFor();
  await press(page.getByRole("link", { name: `${t("factors-remove")} My phone` }));
  assert.equal(new URL(page.url()).pathname, "/account/factors/passkeys/remove");
  await page.getByText(t("factors-remove-what", { name: "My phone" })).waitFor();
  await press(page.getByRole("link", { name: t("factors-back") }));
  isAt(page, "/account/factors");
  await press(page.getByRole("link", { name: `${t("factors-rename")} My phone` }));
  assert.equal(await page.locator("#name").inputValue(), "My phone");

  await page.goto("/account/factors");
  await press(page.getByRole("link", { name: t("factors-password-remove") }));
  isAt(page, "/account/password/remove");
  await page.getByText(t("passwordless-recovery", { email: person.email })).waitFor();
  await go(page);
  isAt(page, "/account/factors");
  await says(page.getByRole("status"), t("notice-password-removed"));
  await page.getByText(t("factors-without-password")).waitFor();
});

journeyIn([usually, withoutScript, inKorean], "a browser that skips the second step is asked again once it is forgotten", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "grace");
  await signOut(page);
  // By the password: a browser in which a link was opened has not shown it.
  await signIn(page, person);
  await factors.app(person, "My app");
  await factors.trust(person);
  await signOut(page);
  await signIn(page, person);
  isAt(page, "/dashboard");
  await press(page.getByRole("navigation").getByRole("link", { name: t("account-sessions") }));
  const row = page.getByRole("region", { name: t("browsers-title") }).getByRole("listitem");
  await row.getByText(t("session-current")).waitFor();
  await press(row.getByRole("button", { name: t("browsers-forget") }));
  isAt(page, "/account/sessions");
  await says(page.getByRole("status"), t("notice-browser-forgotten"));
  assert.equal(await page.getByRole("region", { name: t("browsers-title") }).count(), 0);
});

journey("an administrator who has to have a second factor sees only the way to one", async ({ open }) => {
  const t = words("en");
  const page = await open({ reducedMotion: "reduce" });
  await page.goto(setupLink());
  const person = somebody("root");
  await fillIn(page, person);
  await go(page);
  isAt(page, "/account/factors");
  await says(page.getByRole("status"), t("factors-must", { service: "Vestibule" }));
  assert.equal(await page.getByRole("navigation").count(), 0, "nothing that would lead back here");
  await page.goto("/account/profile");
  isAt(page, "/account/factors?next=/account/profile");
  for (const lang of ["en", "ko"]) {
    await speak(page, lang);
    assert.deepEqual(await lookAt(page, `factors-must.${lang}`, pictures), []);
  }
  await speak(page, "en");
  await factors.app(person, "My app");
  await page.reload();
  await press(page.getByRole("navigation").getByRole("link", { name: t("account-profile") }));
  isAt(page, "/account/profile");
});

const pictures = fileURLToPath(new URL("screenshots-factors", import.meta.url));
await rm(pictures, { recursive: true, force: true });
await mkdir(pictures, { recursive: true });

async function speak(page, lang) {
  const other = page.locator(`button[name=language][value=${lang}]`);
  if (await other.count()) await press(other);
}

journey("the pages about signing in can be used by everybody", async ({ open }) => {
  const page = await open({ reducedMotion: "reduce" });
  const person = await verified(page, "minji");
  const look = async (state, path) => {
    await page.goto(path);
    for (const lang of ["en", "ko"]) {
      await speak(page, lang);
      assert.deepEqual(await lookAt(page, `${state}.${lang}`, pictures), []);
    }
  };
  await look("factors-none", "/account/factors");
  await factors.passkey(person, "A key ring with a rather long name that somebody gave it once");
  await factors.shown(person);
  await look("factors-no-codes", "/account/factors");
  await look("passwordless-needed", "/account/password/remove");
  await page.goto("/account/factors");
  const removal = await page.locator(".actions a").nth(1).getAttribute("href");
  await look("factors-remove-last", removal);
  await look("factors-rename", removal.replace("remove", "rename"));
  await factors.app(person, "휴대전화의 인증 앱");
  await factors.codes(person, 3);
  await look("factors-few-codes", "/account/factors");
  await look("passwordless-one", "/account/password/remove");
  await factors.passkey(person, "Phone");
  await factors.codes(person, 7);
  await factors.trust(person);
  await look("factors-all", "/account/factors");
  await look("factors-remove", removal);
  await look("dashboard-second-step", "/dashboard");
  await look("sessions-trusted", "/account/sessions");
  await look("passwordless", "/account/password/remove");
  await go(page);
  await look("factors-no-password", "/account/factors");
  await database(person, "delete from passkeys where user_id = WHO and name = 'Phone'");
  await database(person, "delete from recovery_codes where user_id = WHO");
  await look("factors-remove-needed", removal);
});
