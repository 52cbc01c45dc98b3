// What people do in several journeys: sign up, read their mail, sign in and out.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isAt, password, press, secrets } from "./support.mjs";

/** Somebody nobody else in this run is. */
export function somebody(name) {
  somebody.count = (somebody.count ?? 0) + 1;
  const username = `${name}${somebody.count}`;
  return { username, email: `${username}@example.com`, password };
}

/** Fills in the sign-up form; when nothing is wrong with it, that leads to /verify. */
export async function signUp(page, person) {
  await page.goto("/register");
  await fillIn(page, person);
  await go(page);
}

/** The fields of a new account, of those that the person has. */
export async function fillIn(page, person) {
  await page.locator("#email").fill(person.email);
  await page.locator("#username").fill(person.username);
  await page.locator("#password").fill(person.password);
  if (person.displayName) await page.locator("#display_name").fill(person.displayName);
}

export async function signIn(page, person, { remember = false } = {}) {
  await page.goto("/login");
  await page.locator("#identifier").fill(person.username);
  await page.locator("#password").fill(person.password);
  if (remember) await page.locator("#remember").check();
  await go(page);
}

export async function signOut(page) {
  await page.goto("/logout");
  await go(page);
  isAt(page, "/login");
}

/** Uses the page's one primary button, and waits for where it leads. */
export function go(page) {
  return press(page.locator("main button.primary"));
}

/** Where the links of letters lead. */
const links = {
  "verify": "/verify?token=",
  "taken": "/login",
  "recover": "/recover/reset?token=",
  "password-changed": "/recover",
  "change-email": "/account/email/confirm?token=",
  "email-changed": "/account/email/undo?token=",
  "deletion": "/account/delete/undo?token=",
};

/**
 * The newest letter to an address, as soon as it has arrived and if it is of this kind: in a page of
 * its own, in the browser of `page`.
 */
export async function letter(page, address, kind) {
  const mailbox = await page.context().newPage();
  for (let tries = 0; tries < 100; tries += 1) {
    await mailbox.goto("/dev/mail");
    const newest = mailbox.locator(".sessions > li").filter({ hasText: address }).getByRole("link").first();
    if (await newest.count()) {
      await press(newest);
      const link = linkIn(mailbox, kind);
      if (await link.count()) {
        const secret = (await link.getAttribute("href")).split("token=")[1];
        if (secret) secrets.add(secret);
        return mailbox;
      }
    }
    await sleep(100);
  }
  assert.fail(`there is a letter to ${address} whose link leads to ${links[kind]}`);
}

/** The link in the letter that a page of the mailbox shows. */
export function linkIn(mailbox, kind) {
  const comparison = links[kind].endsWith("=") ? "^=" : "=";
  return mailbox.locator(`.letter a[href${comparison}"${links[kind]}"]`).first();
}

/** Reads the newest letter and follows its link. Returns the page that it leads to. */
export async function followed(page, address, kind) {
  const mailbox = await letter(page, address, kind);
  await press(linkIn(mailbox, kind));
  return mailbox;
}

/** Follows the link of the sign-up's letter, and confirms: that signs in. */
export async function confirm(page, person) {
  const mailed = await followed(page, person.email, "verify");
  isAt(mailed, "/verify");
  await go(mailed);
  isAt(mailed, "/dashboard");
  await mailed.close();
}

/** A person whose address is confirmed, which is what makes an account; this page shows it. */
export async function verified(page, name, details) {
  const person = { ...somebody(name), ...details };
  await signUp(page, person);
  isAt(page, "/verify");
  await confirm(page, person);
  await page.goto("/dashboard");
  isAt(page, "/dashboard");
  return person;
}

/** A person who signed in with their password on this page. */
export async function signedIn(page, name, options) {
  const person = await verified(page, name);
  await signOut(page);
  await signIn(page, person, options);
  isAt(page, "/dashboard");
  return person;
}
