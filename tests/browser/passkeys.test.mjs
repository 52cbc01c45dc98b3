// Passkeys, with the authenticator that Chromium plays (WebAuthn domain of its DevTools protocol).

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { signIn, signOut, verified } from "./people.mjs";
import { inKorean, isAt, journey, journeyIn, oneOf, press, says, usually, words, withoutScript } from "./support.mjs";

const pictures = fileURLToPath(new URL("screenshots/passkeys", import.meta.url));
await mkdir(pictures, { recursive: true });

/** A device in this page's browser that keeps passkeys, and unlocks them for whoever asks. */
async function device(page, options = {}) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  });
  const send = (method, more) => cdp.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return {
    present: (enabled) => send("setAutomaticPresenceSimulation", { enabled }),
    unlocks: (isUserVerified) => send("setUserVerified", { isUserVerified }),
    keys: async () => (await send("getCredentials")).credentials,
  };
}

/** Uses the page's passkey button; the script sends the form. */
async function use(page, button) {
  const leaves = page.waitForEvent("framenavigated");
  await button.click();
  await leaves;
  await page.waitForLoadState();
}

const main = (page) => page.locator("main form[data-passkey] button.primary");

async function enrol(page, name) {
  await page.goto("/account/factors/passkeys");
  if (name) await page.locator("#name").fill(name);
  await use(page, main(page));
}

journeyIn([usually, inKorean], "a passkey is added, and signs in by the button", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "hedy");
  const phone = await device(page);
  await page.goto("/account/factors/passkeys");
  await says(page.locator("h1"), t("passkeys-title"));
  assert.equal(await page.locator("#name").inputValue(), "Chrome (Linux)");
  await page.getByText(t("factors-first-then")).waitFor();
  await use(page, main(page));
  await says(page.getByRole("status").first(), t("notice-first-passkey-added"));
  assert.equal(await page.locator(".codes code").count(), 10);
  await page.getByText(t("recovery-codes-skip")).click();
  await page.getByText(t("recovery-codes-skip-cost")).waitFor();
  const [key] = await phone.keys();
  assert.equal(key.isResidentCredential, true);
  assert.equal(key.rpId, "localhost");
  await page.goto("/account/factors/passkeys");
  await page.getByText("Chrome (Linux)", { exact: true }).waitFor();
  await page.getByText(t("passkeys-never-used")).waitFor();

  // The same device is asked for no second one.
  await main(page).click();
  await says(page.locator("#passkey-said"), t("passkey-known"));

  await phone.present(false);
  await signOut(page);
  await page.goto("/login?next=/account/profile");
  await page.locator("#remember").check();
  // The browser waits for somebody who chooses one from its list; the button takes that back.
  await page.waitForLoadState("networkidle");
  await phone.present(true);
  await use(page, page.getByRole("link", { name: t("passkey-sign-in") }));
  isAt(page, "/account/profile");
  const cookies = await page.context().cookies();
  assert.ok(cookies.find(({ name }) => name === "vestibule").expires > 0, "it is remembered");
  const session = await page.evaluate(() => fetch("/api/v1/session").then((answer) => answer.json()));
  assert.equal(session.session.aal, 2);
  assert.equal(session.user.username, person.username);
});

journey("a passkey is offered for the name, and signs in when it is chosen", async ({ open }) => {
  const page = await open();
  await verified(page, "katherine");
  const phone = await device(page);
  await enrol(page);
  await phone.present(false);
  await signOut(page);
  assert.equal(await page.locator("#identifier").getAttribute("autocomplete"), "username webauthn");
  // Whoever is asked by the browser here chooses the one passkey that there is.
  await phone.present(true);
  // The page may be left before its arrival is reported.
  await page.goto("/login?next=/account/profile", { waitUntil: "commit" }).catch(() => {});
  await page.waitForURL("**/account/profile");
});

journeyIn([usually, inKorean], "a passkey is asked for after the password, and before what matters", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "radia");
  const phone = await device(page);
  await enrol(page);
  // Somebody who knows the password, and has not the device.
  const thief = await open();
  await signIn(thief, person);
  isAt(thief, "/login/passkey");
  await thief.getByText(t("passkey-second-why", { username: person.username })).waitFor();
  await thief.goto("/dashboard");
  isAt(thief, "/login?next=/dashboard");

  await phone.present(false);
  await signOut(page);
  await signIn(page, person);
  isAt(page, "/login/passkey");
  await phone.unlocks(false);
  await phone.present(true);
  await main(page).click();
  await page.locator("#passkey-said").filter({ hasText: /./ }).waitFor();
  await phone.unlocks(true);
  await page.locator("#trust").check();
  await use(page, main(page));
  isAt(page, "/dashboard");

  // A browser that is trusted is asked again before anything that matters.
  await phone.present(false);
  await signOut(page);
  await signIn(page, person);
  isAt(page, "/dashboard");
  await page.goto("/account/factors/passkeys");
  isAt(page, "/reauth/passkey?next=/account/factors/passkeys");
  await page.getByText(t("passkey-reauth-why", { username: person.username })).waitFor();
  await phone.present(true);
  await use(page, main(page));
  isAt(page, "/account/factors/passkeys");
});

/** From the list, by way of the page that says what follows. */
async function remove(page, t, name) {
  await press(page.getByRole("link", { name: `${t("passkeys-remove")} ${name}` }));
  await page.getByText(t("factors-remove-what", { name })).waitFor();
  await press(page.getByRole("button", { name: t("factors-remove-do") }));
}

journeyIn([usually, inKorean], "a passkey is renamed and removed", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "barbara");
  const phone = await device(page);
  await enrol(page, "My phone");
  await page.goto("/account/factors/passkeys");
  await page.locator("summary").click();
  await page.getByLabel(t("passkeys-new-name")).fill("");
  await press(page.getByRole("button", { name: t("passkeys-save") }));
  await page.getByRole("alert").getByText(t("passkeys-name-missing")).waitFor();
  // On the page for renaming, at its field.
  assert.equal(await page.getByLabel(t("factors-name")).getAttribute("aria-invalid"), "true");
  await page.getByLabel(t("factors-name")).fill("내 전화기");
  await press(page.getByRole("button", { name: t("factors-rename-save") }));
  await says(page.getByRole("status").first(), t("notice-passkey-renamed"));
  await page.goto("/account/factors/passkeys");
  await page.getByText("내 전화기", { exact: true }).waitFor();
  await remove(page, t, "내 전화기");
  await says(page.getByRole("status").first(), t("notice-passkey-removed"));
  await page.goto("/account/factors/passkeys");
  assert.equal(await page.locator(".passkeys > li").count(), 0);
  await phone.present(false);
  await signOut(page);
  await signIn(page, person);
  isAt(page, "/dashboard");
});

journeyIn([usually, inKorean], "who says no to the browser, or shows a passkey that is gone, is told so", async ({ open, t }) => {
  const page = await open();
  await verified(page, "grace");
  const phone = await device(page);
  await enrol(page, "My key");
  await page.goto("/account/factors/passkeys");
  await remove(page, t, "My key");
  await phone.present(false);
  await signOut(page);
  await phone.present(true);
  // The script may lead on before this navigation is committed.
  await page.goto("/login", { waitUntil: "commit" }).catch(() => {});
  await page.waitForURL("**/login/passkey");
  await page.getByRole("alert").getByText(t("passkey-refused")).waitFor();
  await page.locator("#remember").waitFor();
  // No key for this place at all: the browser says no by itself.
  const empty = await open();
  await device(empty);
  await empty.goto("/login/passkey");
  await main(empty).click();
  await says(empty.locator("#passkey-said"), t("passkey-cancelled"));
});

journeyIn([usually, inKorean], "a service that is busy or slows down says so itself, and blames no browser", async ({ open, t, complaints }) => {
  const page = await open();
  await device(page);
  await page.goto("/login/passkey");
  for (const [status, key] of [[429, "passkey-slow"], [500, "passkey-busy"], [503, "passkey-busy"], [404, "passkey-failed"]]) {
    const answer = { status, contentType: "application/problem+json", body: "{}" };
    await page.route("**/login/passkey/options", (route) => route.fulfill(answer), { times: 1 });
    await main(page).click();
    await says(page.locator("#passkey-said"), t(key));
  }
  // Chromium notes each of these answers.
  for (const complaint of complaints.splice(0)) assert.match(complaint, /Failed to load resource/);
});

journeyIn([{ ...withoutScript }, { ...withoutScript, ...inKorean, how: "in Korean" }], "without JavaScript there is a sentence in place of the button", async ({ open, t }) => {
  const page = await open();
  await page.goto("/login");
  await press(page.getByRole("link", { name: t("passkey-sign-in") }));
  isAt(page, "/login/passkey");
  await page.getByText(t("passkey-unsupported")).waitFor();
  assert.equal(await main(page).isVisible(), false);
  await press(page.getByRole("link", { name: t("passkey-password-instead") }));
  isAt(page, "/login");
});

journeyIn([usually, inKorean], "a browser without passkeys says so in place of the button", async ({ open, t }) => {
  const page = await open();
  await page.addInitScript(() => delete window.PublicKeyCredential);
  await page.goto("/login?next=/account/profile");
  await press(page.getByRole("link", { name: t("passkey-sign-in") }));
  isAt(page, "/login/passkey?next=/account/profile");
  await page.getByText(t("passkey-unsupported")).waitFor();
  assert.equal(await main(page).isVisible(), false);
  const person = await verified(page, "joan");
  await page.goto("/account/factors/passkeys");
  await page.getByText(t("passkey-unsupported")).waitFor();
  assert.equal(await main(page).isVisible(), false);
  assert.ok(person);
});

const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } };
const looks = [["phone", "light"], ["desk", "dark"], ["phone", "dark"], ["desk", "light"]];

for (const lang of ["en", "ko"]) {
  journey(`every page of passkeys is for everybody, in ${lang}`, async ({ open }) => {
    const t = words(lang);
    const page = await open({ locale: lang === "ko" ? "ko-KR" : "en-US" });
    const look = async (name) => {
      for (const [size, colorScheme] of oneOf(looks)) {
        await page.setViewportSize(sizes[size]);
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 200))));
        await page.screenshot({ path: join(pictures, `${name}-${lang}-${size}-${colorScheme}.png`), fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} on a ${size} is no wider than it`);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => axe.run({ rules: { "target-size": { enabled: true } } }));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `${name} ${size} ${colorScheme}`);
      }
    };
    const person = await verified(page, "frances");
    const phone = await device(page);
    await page.goto("/account/factors/passkeys");
    await look("none");
    await enrol(page);
    await page.goto("/account/factors/passkeys");
    await page.locator("summary").click();
    await look("one");
    await page.locator("#name-1").fill("x".repeat(80));
    await press(page.getByRole("button", { name: t("passkeys-save") }));
    await look("name-refused");
    await page.goto("/reauth/passkey");
    await look("reauth");
    await phone.present(false);
    await signOut(page);
    await look("login-with-passkey");
    await page.goto("/login/passkey");
    await look("alone");
    await signIn(page, person);
    await look("second");
    await phone.unlocks(false);
    await phone.present(true);
    await main(page).click();
    await page.locator("#passkey-said").filter({ hasText: /./ }).waitFor();
    await look("second-cancelled");
    await phone.unlocks(true);
    await page.evaluate(() => {
      const form = document.querySelector("[data-passkey]");
      form.elements.credential.value = "{}";
      form.submit();
    });
    await page.getByRole("alert").waitFor();
    await look("second-refused");
  });
}
