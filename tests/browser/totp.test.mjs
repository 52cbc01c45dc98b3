// Signing in with an authenticator app, and with what was written down for the day without it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { authenticator } from "./authenticator.mjs";
import { go, signIn, signOut, verified } from "./people.mjs";
import { hasFocus, inKorean, isAt, journey, journeyIn, press, says, secrets, usually, whatIsWrongAt, withoutScript, words } from "./support.mjs";

/** Sets an app up; leads to the page with the recovery codes that come with the first one. */
async function enrol(page, t) {
  await page.goto("/account/factors/totp");
  await go(page);
  isAt(page, "/account/factors/totp");
  await says(page.locator("h1"), t("totp-title"));
  const app = await authenticator(page);
  await page.getByRole("img", { name: t("totp-picture") }).waitFor();
  await page.locator("#code").fill("12 34");
  await page.locator("#name").fill("🐈 phone");
  await go(page);
  assert.equal((await whatIsWrongAt(page, "code"))[0], t("totp-code-unreadable"));
  await hasFocus(page.getByRole("alert"));
  assert.equal(await page.locator("#name").inputValue(), "🐈 phone");
  const code = await app.code();
  await page.locator("#code").fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await go(page);
  isAt(page, "/account/factors/totp/confirm");
  await says(page.getByRole("status").first(), t("notice-first-totp-added"));
  return app;
}

/** The ten codes that the page shows. */
async function made(page, t) {
  await says(page.locator("h1"), t("recovery-codes-shown-title"));
  const codes = await page.locator(".codes code").allInnerTexts();
  assert.equal(codes.length, 10);
  for (const code of codes) secrets.add(code);
  return codes;
}

journeyIn([usually, withoutScript, inKorean], "who has an authenticator app enters its code, or a recovery code", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "ada");
  const app = await enrol(page, t);
  const codes = await made(page, t);

  // Kept as a file, with or without a script.
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: t("recovery-codes-download") }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "recovery-codes.txt");
  const file = await readFile(await download.path(), "utf8");
  assert.deepEqual(file.trim().split("\r\n").slice(-10), codes);
  assert.ok(file.includes(person.username) && file.includes(t("recovery-codes-file")));
  // Nobody goes on by mistake.
  await go(page);
  await hasFocus(page.getByRole("alert"));
  assert.deepEqual(await whatIsWrongAt(page, "saved"), [t("recovery-codes-not-ticked")]);
  await page.locator("#saved").check();
  await go(page);
  isAt(page, "/account/factors");
  assert.equal(await page.getByText(t("factors-codes-unsaved-warning")).count(), 0);
  await page.goto("/account/factors/recovery-codes");
  assert.ok(!(await page.content()).includes(codes[0]), "shown once");

  await signOut(page);
  await signIn(page, person);
  isAt(page, "/login/totp");
  await says(page.locator("h1"), t("totp-challenge-title"));
  await hasFocus(page.locator("#code"));
  assert.equal(await page.locator("#code").getAttribute("autocomplete"), "one-time-code");
  await page.locator("#code").fill("000000");
  await go(page);
  assert.equal((await whatIsWrongAt(page, "code"))[0], t("totp-code-wrong"));
  assert.equal(await page.locator("#code").inputValue(), "", "no code is kept");
  // Half in is not in.
  await page.goto("/dashboard");
  isAt(page, "/login?next=/dashboard");
  await page.goto("/login/totp");
  await page.locator("#code").fill(await app.code());
  await go(page);
  isAt(page, "/dashboard");

  await signOut(page);
  await signIn(page, person);
  isAt(page, "/login/totp");
  await press(page.getByRole("link", { name: t("other-way-recovery-code") }));
  isAt(page, "/login/recovery-code");
  await says(page.locator("h1"), t("recovery-codes-challenge-title"));
  await page.locator("#code").fill("not a code");
  await go(page);
  assert.equal((await whatIsWrongAt(page, "code"))[0], t("recovery-codes-code-unreadable"));
  await page.locator("#code").fill(codes[3].toLowerCase().replaceAll("-", " "));
  await go(page);
  isAt(page, "/dashboard");

  await signOut(page);
  await signIn(page, person);
  await page.goto("/login/recovery-code");
  await page.locator("#code").fill(codes[3]);
  await go(page);
  assert.equal((await whatIsWrongAt(page, "code"))[0], t("recovery-codes-code-wrong"));
});

journeyIn([usually, withoutScript], "a browser that is remembered is not asked again, and another is", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "grace");
  const app = await enrol(page, t);
  await signOut(page);
  await signIn(page, person);
  isAt(page, "/login/totp");
  await page.getByLabel(t("totp-trust")).check();
  await page.locator("#code").fill("1");
  await go(page);
  assert.ok(await page.getByLabel(t("totp-trust")).isChecked(), "the wish survives a mistake");
  await page.locator("#code").fill(await app.code());
  await go(page);
  isAt(page, "/dashboard");
  await signOut(page);
  await signIn(page, person);
  isAt(page, "/dashboard");
  const other = await open();
  await signIn(other, person);
  isAt(other, "/login/totp");
});

journey("codes are copied with one button, and printed with another", async ({ open }) => {
  const page = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  const t = words("en");
  await verified(page, "joan");
  await enrol(page, t);
  const codes = await made(page, t);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("status").getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes.join("\n"));
  await page.evaluate(() => (globalThis.print = () => (globalThis.printed = true)));
  await page.getByRole("button", { name: "Print" }).click();
  assert.ok(await page.evaluate(() => globalThis.printed));
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.locator(".codes").isVisible());
  assert.ok(!(await page.getByRole("button", { name: "Download" }).isVisible()), "paper has no buttons");
});
