// From a sign-up to an account: the letter, its link, the button.

import assert from "node:assert/strict";
import { confirm, fillIn, followed, go, letter, linkIn, signUp, somebody } from "./people.mjs";
import { inKorean, isAt, journey, journeyIn, press, says, usually, whatIsWrongAt, withoutScript } from "./support.mjs";

journeyIn([usually, withoutScript, inKorean], "a visitor signs up, reads the letter and confirms, and no address ever holds its secret", async ({ open, t }) => {
  const page = await open();
  const person = somebody("ada");
  await signUp(page, person);
  isAt(page, "/verify");
  await says(page.locator("h1"), t("verify-title"));
  await page.getByText(t("verify-waiting-for", { address: person.email })).waitFor();

  // The HTML form, as a mail program shows it.
  const mail = await letter(page, person.email, "verify");
  await says(mail.locator("h1"), t("mail-verify-subject", { service: "Vestibule" }));
  await mail.getByText(person.username).first().waitFor();
  await press(mail.getByRole("link", { name: t("dev-mailbox-html") }));
  const path = new URL(mail.url()).pathname;
  await mail.getByText(t("mail-verify-not-you")).waitFor();
  await press(mail.getByRole("link", { name: t("mail-confirm-address") }));
  isAt(mail, "/verify");

  await says(mail.locator("h1"), t("verify-confirm-title"));
  await mail.getByText(t("verify-confirm-what", { address: person.email, username: person.username })).waitFor();
  assert.equal(await mail.locator("main input[type=password]").count(), 0, "this browser signed up: it is asked for nothing more");
  // The secret is in no step of the history either.
  const step = async (go, to, title) => {
    await go({ waitUntil: "commit" });
    isAt(mail, to);
    await says(mail.locator("h1"), title);
  };
  await step((how) => mail.reload(how), "/verify", t("verify-confirm-title"));
  await step((how) => mail.goBack(how), path, t("mail-verify-title"));
  await step((how) => mail.goForward(how), "/verify", t("verify-confirm-title"));

  await press(mail.getByRole("button", { name: t("verify-confirm") }));
  isAt(mail, "/dashboard");
  await says(mail.getByRole("status"), t("notice-email-verified"));
  await mail.getByText(person.email, { exact: true }).waitFor();
  await step((how) => mail.goBack(how), "/dashboard", t("dashboard-hello", { name: person.username }));
  await step((how) => mail.goBack(how), path, t("mail-verify-title"));

  // The other window belongs to the same browser.
  await page.goto("/verify");
  isAt(page, "/dashboard");
});

journeyIn([usually, withoutScript], "who opens the link in another browser is asked for the password", async ({ open, t }) => {
  const person = somebody("grace");
  await signUp(await open(), person);

  const other = await followed(await open(), person.email, "verify");
  isAt(other, "/verify");
  await other.getByText(t("verify-confirm-why-password")).waitFor();
  await go(other);
  assert.deepEqual(await whatIsWrongAt(other, "password"), ["Enter your password."]);
  await other.locator("#password").fill("not the right password");
  await go(other);
  assert.deepEqual(await whatIsWrongAt(other, "password"), ["That password isn’t right. Try again, or reset it."]);
  assert.equal(await other.locator("#password").inputValue(), "");
  await other.locator("#password").fill(person.password);
  await go(other);
  isAt(other, "/dashboard");
});

journey("a link can be asked for again, and once the address is confirmed no older one works", async ({ open }) => {
  const page = await open();
  const person = somebody("edsger");
  await signUp(page, person);
  const first = await letter(page, person.email, "verify");

  // Another browser has to name the address.
  const other = await open();
  await other.goto("/verify");
  await other.locator("#email").fill("not an address");
  await go(other);
  assert.deepEqual(await whatIsWrongAt(other, "email"), ["Enter an email address like name@example.com."]);
  await go(page);
  isAt(page, "/verify");
  await says(page.getByRole("status"), "If that address is waiting to be confirmed, we’ve sent it a new link.");
  for (let letters = 0; letters < 2; ) {
    await page.goto("/dev/mail");
    letters = await page.locator(".sessions > li").filter({ hasText: person.email }).count();
  }

  await confirm(page, person);
  await press(linkIn(first, "verify"));
  isAt(first, "/verify");
  await says(first.locator("h1"), "Confirm your email address");
  await first.getByRole("alert").getByText("That link was already used or has expired.").waitFor();
  await first.reload();
  isAt(first, "/dashboard");
});

journey("who signs in before confirming is led back to the mail, and can sign out", async ({ open }) => {
  const page = await open();
  const person = somebody("barbara");
  await signUp(page, person);
  await page.goto("/login");
  await page.locator("#identifier").fill(person.username);
  await page.locator("#password").fill(person.password);
  await go(page);
  isAt(page, "/verify");
  await page.getByText(`We sent a link to ${person.email}.`).waitFor();
  for (const path of ["/dashboard", "/account/email", "/account/delete"]) {
    await page.goto(path);
    isAt(page, path === "/dashboard" ? "/verify" : `/verify?next=${path}`);
  }
  await press(page.getByRole("button", { name: "Sign out" }));
  isAt(page, "/login");
});

journeyIn([usually, withoutScript, inKorean], "a mistyped address is seen, put right and confirmed, on the way to where a visitor was going", async ({ open, t }) => {
  const page = await open();
  const person = { ...somebody("katherine"), email: `katherine.${Date.now()}@gmial.com` };
  await page.goto("/login?next=/account/sessions");
  await press(page.locator("main a[href^='/register']"));
  await fillIn(page, person);
  await go(page);
  isAt(page, "/verify");
  await page.getByText(t("verify-waiting-for", { address: person.email })).waitFor();
  const right = person.email.replace("gmial", "gmail");
  await page.getByText(t("verify-did-you-mean", { address: right })).waitFor();
  assert.equal(await page.locator("#new_email").inputValue(), right);
  await page.locator("#new_email").fill("nobody");
  await press(page.getByRole("button", { name: t("verify-correct") }));
  assert.equal((await whatIsWrongAt(page, "new_email"))[0], t("email-invalid"));
  await page.locator("#new_email").fill(right);
  await press(page.getByRole("button", { name: t("verify-correct") }));
  isAt(page, "/verify");
  await says(page.getByRole("status"), t("notice-email-corrected"));

  const mail = await followed(page, right, "verify");
  await press(mail.getByRole("button", { name: t("verify-confirm") }));
  isAt(mail, "/account/sessions");
});
