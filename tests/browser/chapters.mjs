// Every page in every state: for people who see little, in both languages, light and dark, narrow
// and wide. Leaves a picture of each in screenshots/.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { authenticator } from "./authenticator.mjs";
import { confirm, go, letter, linkIn, signIn, signUp, somebody } from "./people.mjs";
import { isAt, journey, lookAt, password, press, setupLink, whatIsWrongAt, words } from "./support.mjs";

const screenshots = fileURLToPath(new URL("screenshots", import.meta.url));
const another = "seven quiet lamps by a river";
const phone = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36";

await mkdir(screenshots, { recursive: true });

/** What one sees, in the order in which one gets there; each chapter begins in a browser of its own. */
const chapters = {
  "on the way in": ({ page, person, lang, t }) => ({
    ...(lang === "en" && { "dev-mail-empty": () => page.goto("/dev/mail") }),
    "setup": () => page.goto(setupLink()),
    "setup-missing": () => go(page),
    "setup-link-over": () => page.goto("/setup?token=AAAAAAAAAAAAAAAAAAAAAA"),
    "login": () => page.goto("/login"),
    "login-missing": () => go(page),
    "login-refused": () => signIn(page, { username: "nobody", password: "not the right password" }),
    "login-slow-down": async () => {
      for (let tries = 0; tries < 12; tries += 1) await signIn(page, { username: `nobody-${lang}`, password });
    },
    "register": () => page.goto("/register"),
    "register-missing": () => go(page),
    "register-mistakes": () =>
      signUp(page, { email: "not an address", username: "민지", password: "short", displayName: "x".repeat(500) }),
    "verify-registered": () => signUp(page, person),
    "verify": () => page.goto("/verify"),
    "verify-correction-missing": async () => {
      await page.locator("main summary").click();
      await press(page.getByRole("button", { name: t("verify-correct") }));
    },
    "verify-link-over": () => page.goto("/verify?token=AAAAAAAAAAAAAAAAAAAAAA"),
    "verify-mailed": () => go(page),
    "register-taken": async () => {
      await signUp(page, { ...person, email: "somebody-else@example.com" });
      await whatIsWrongAt(page, "username");
    },
    "verify-signed-in": async () => {
      await signIn(page, person);
      await page.getByText(t("verify-waiting-for", { address: person.email })).waitFor();
    },
    "dev-mail": () => page.goto("/dev/mail"),
    "dev-mail-letter": () => read(page, person.email, "verify"),
    "mail-verify": () => html(page, person.email, "verify"),
    "verify-confirm": () => follow(page, person.email, "verify"),
    "verify-other-browser": async () => {
      await page.context().clearCookies();
      await follow(page, person.email, "verify");
    },
    "verify-other-browser-missing": () => go(page),
    "verify-other-browser-refused": async () => {
      await page.locator("#password").fill("not the right password");
      await go(page);
    },
    "dashboard-confirmed": async () => {
      await page.locator("#password").fill(password);
      await go(page);
      isAt(page, "/dashboard");
    },
    "logout": () => page.goto("/logout"),
    "login-signed-out": () => go(page),
    "logout-nobody": () => page.goto("/logout"),
    "recover": () => page.goto("/recover"),
    "recover-missing": () => go(page),
    "recover-mailed": async () => {
      await page.locator("#identifier").fill(person.username);
      await go(page);
    },
    "recover-link-over": () => page.goto("/recover/reset?token=AAAAAAAAAAAAAAAAAAAAAA"),
    "mail-recover": () => html(page, person.email, "recover"),
    "reset": () => follow(page, person.email, "recover"),
    "reset-refused": async () => {
      await page.locator("#password").fill("password1234");
      await go(page);
    },
    "login-reset-done": async () => {
      await page.locator("#password").fill(another);
      await go(page);
    },
    "mail-password-changed": () => html(page, person.email, "password-changed"),
    "not-found": () => page.goto("/nowhere"),
    "stale-form": async () => {
      await page.goto("/recover");
      await page.context().clearCookies();
      await go(page);
    },
    "method-not-allowed": () => page.goto("/language"),
  }),

  "inside": ({ page, person, open }) => ({
    "dashboard": async () => {
      await signUp(page, person);
      await confirm(page, person);
      await page.goto("/dashboard");
    },
    "dashboard-sessions": async () => {
      await signIn(await open({ userAgent: phone }), person, { remember: true });
      await page.reload();
      assert.equal(await page.locator("a.row[href='/account/sessions']").count(), 2);
    },
    "profile": () => page.goto("/account/profile"),
    "profile-mistakes": async () => {
      await page.locator("#display_name").fill("x".repeat(100));
      await go(page);
    },
    "profile-saved": async () => {
      await page.locator("#display_name").fill(person.displayName);
      await go(page);
    },
    "password": () => page.goto("/account/password"),
    "password-missing": () => go(page),
    "password-refused": async () => {
      await page.locator("#current_password").fill(password);
      await page.locator("#password").fill("password1234");
      await go(page);
    },
    "sessions": () => page.goto("/account/sessions"),
    "sessions-ended": () => press(page.locator("main form[action$=end-others] button")),
    "email": () => page.goto("/account/email"),
    "email-missing": () => go(page),
    "email-mailed": async () => {
      await page.locator("#email").fill(`new.${person.email}`);
      await go(page);
    },
    "email-waiting": () => page.goto("/account/email"),
    "mail-change-email": () => html(page, `new.${person.email}`, "change-email"),
    "email-confirm": () => follow(page, `new.${person.email}`, "change-email"),
    "email-changed": () => go(page),
    "email-confirm-link-over": () => page.goto("/account/email/confirm?token=AAAAAAAAAAAAAAAAAAAAAA"),
    "mail-email-changed": () => html(page, person.email, "email-changed"),
    "email-undo": () => follow(page, person.email, "email-changed"),
    "email-undo-link-over": () => page.goto("/account/email/undo?token=AAAAAAAAAAAAAAAAAAAAAA"),
    "activity": () => page.goto("/account/activity"),
    "data": () => page.goto("/account/data"),
    "reauth": () => page.goto("/reauth?next=/account/email"),
    "reauth-refused": async () => {
      await page.locator("#password").fill("not the right password");
      await go(page);
    },
    "delete": () => page.goto("/account/delete"),
    "delete-missing": () => go(page),
    "login-leaving-done": async () => {
      await page.locator("#understood").check();
      await go(page);
    },
    "login-closing-refused": () => signIn(page, person),
    "mail-deletion": () => html(page, `new.${person.email}`, "deletion"),
    "keep": () => follow(page, `new.${person.email}`, "deletion"),
    "login-keeping-done": () => go(page),
    "keep-link-over": () => page.goto("/account/delete/undo?token=AAAAAAAAAAAAAAAAAAAAAA"),
  }),

  "with an authenticator app": ({ page, person, app }) => ({
    "totp-begin": async () => {
      await signUp(page, person);
      await confirm(page, person);
      await page.goto("/account/factors/totp");
    },
    "totp-enrol": async () => {
      await go(page);
      app = await authenticator(page);
    },
    "totp-enrol-mistakes": async () => {
      await page.locator("#code").fill("12");
      await page.locator("#name").fill("x".repeat(100));
      await go(page);
    },
    "recovery-codes-shown": async () => {
      await page.locator("#code").fill(await app.code());
      await page.locator("#name").fill(person.displayName);
      await go(page);
    },
    "recovery-codes-not-ticked": () => go(page),
    "recovery-codes-kept": () => page.goto("/account/factors/recovery-codes"),
    "reauth-totp": () => page.goto("/reauth/totp?next=/account/email"),
    "reauth-recovery-code": () => page.goto("/reauth/recovery-code?next=/account/email"),
    "login-totp": async () => {
      await page.context().clearCookies();
      await signIn(page, person);
      isAt(page, "/login/totp");
    },
    "login-totp-missing": () => go(page),
    "login-totp-refused": async () => {
      await page.locator("#code").fill("000000");
      await go(page);
    },
    "login-recovery-code": () => page.goto("/login/recovery-code"),
    "login-recovery-code-missing": () => go(page),
    "login-recovery-code-refused": async () => {
      await page.locator("#code").fill("00000-00000-00000-00000-00000");
      await go(page);
    },
    "login-totp-slow-down": async () => {
      for (let tries = 0; tries < 6; tries += 1) {
        await page.goto("/login/totp");
        await page.locator("#code").fill("000000");
        await go(page);
      }
    },
  }),
};

/** Every page in one language; each language is a file of its own, so that both are looked at at the same time. */
export function everyPage(lang) {
  for (const [chapter, states] of Object.entries(chapters)) {
    const sentence = `every page ${chapter} can be used by everybody, in ${lang === "ko" ? "Korean" : "English"}`;
    journey(sentence, async ({ open }) => {
      const page = await open({ locale: lang === "ko" ? "ko-KR" : "en-US", reducedMotion: "reduce" });
      // Long, as people's names and addresses are.
      const { username } = somebody("minji");
      const person = {
        username,
        email: `${username}.kim.${lang}@${"somewhere-".repeat(5)}else.example.com`,
        password,
        displayName: lang === "ko" ? "김수한무 거북이와 두루미 삼천갑자 동방삭" : "Minji Kim of the House by the Long and Quiet River",
      };
      const violations = [];
      for (const [state, enter] of Object.entries(states({ page, person, lang, open, t: words(lang) }))) {
        await enter();
        await page.locator("h1").waitFor();
        if (/missing|refused|slow-down|mistakes|taken|link-over$/.test(state)) await page.getByRole("alert").waitFor();
        if (/registered|signed-out|mailed|done|confirmed|saved|ended|email-changed$/.test(state) && !state.startsWith("mail-")) {
          await page.getByRole("status").waitFor();
        }
        assert.equal(await page.locator("html").getAttribute("lang"), lang);
        violations.push(...(await lookAt(page, `${state}.${lang}`, screenshots)));
      }
      assert.deepEqual(violations, []);
    });
  }
}

/** The newest letter to an address, on this page. */
async function read(page, address, kind) {
  const mailbox = await letter(page, address, kind);
  await page.goto(mailbox.url());
  await mailbox.close();
}

async function html(page, address, kind) {
  await read(page, address, kind);
  await press(page.locator("a[href$='/html']"));
}

async function follow(page, address, kind) {
  await read(page, address, kind);
  await press(linkIn(page, kind));
}
