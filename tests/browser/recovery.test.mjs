// A way back in, for somebody who forgot the password.

import assert from "node:assert/strict";
import { followed, go, letter, signIn, verified } from "./people.mjs";
import { inKorean, isAt, journey, journeyIn, press, says, usually, whatIsWrongAt, withoutScript } from "./support.mjs";

const another = "seven quiet lamps by a river";

journeyIn([usually, withoutScript, inKorean], "who forgot the password sets another by mail, which ends every session, and signs in", async ({ open, t }) => {
  const old = await open();
  const person = await verified(old, "ada");

  const page = await open();
  await page.goto("/login");
  await press(page.getByRole("link", { name: t("recover-link") }));
  isAt(page, "/recover");
  await says(page.locator("h1"), t("recover-title"));
  await go(page);
  assert.deepEqual(await whatIsWrongAt(page, "identifier"), [t("login-identifier-missing")]);
  await page.locator("#identifier").fill(person.username);
  await go(page);
  isAt(page, "/recover");
  await says(page.getByRole("status"), t("notice-recovery-mailed"));

  const mailed = await followed(page, person.email, "recover");
  isAt(mailed, "/recover/reset");
  await says(mailed.locator("h1"), t("reset-title"));
  await mailed.locator("#password").fill("password1234");
  await go(mailed);
  isAt(mailed, "/recover/reset");
  await mailed.getByRole("alert").waitFor();
  assert.equal((await whatIsWrongAt(mailed, "password"))[0], t("password-error-common"));
  await old.reload();
  isAt(old, "/dashboard");
  await mailed.locator("#password").fill(another);
  await go(mailed);
  isAt(mailed, "/login");
  await says(mailed.getByRole("status"), t("notice-password-reset"));

  await old.reload();
  isAt(old, "/login?next=/dashboard");
  await signIn(old, person);
  await old.getByRole("alert").waitFor();
  await signIn(mailed, { ...person, password: another });
  isAt(mailed, "/dashboard");

  const told = await letter(page, person.email, "password-changed");
  await says(told.locator("h1"), t("mail-password-changed-subject", { service: "Vestibule" }));
});

journey("a link to set a password works once, and a name without an account is answered alike", async ({ open }) => {
  const page = await open();
  await page.goto("/recover");
  await page.locator("#identifier").fill("nobody-of-that-name");
  await go(page);
  await says(page.getByRole("status"), "If that account exists, we’ve emailed it a link. It can take a minute; look in spam too.");

  const person = await verified(await open(), "grace");
  await page.goto("/recover");
  await page.locator("#identifier").fill(person.email);
  await go(page);
  const mailed = await followed(page, person.email, "recover");
  await mailed.locator("#password").fill(another);
  await go(mailed);
  isAt(mailed, "/login");
  // Back to the letter, and to its link once more.
  await mailed.goBack();
  await mailed.getByRole("alert").getByText("That link was already used or has expired. Send yourself a new one here.").waitFor();
  await says(mailed.locator("h1"), "Reset your password");
});
