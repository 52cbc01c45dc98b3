// Every page in every state: for people who see little, in both languages, light and dark, narrow
// and wide. Leaves a picture of each in screenshots/.

import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { isAt, journey, password, press, signIn, signUp, somebody, whatIsWrongAt } from "./support.mjs";

const screenshots = fileURLToPath(new URL("screenshots", import.meta.url));
const sizes = [
  { name: "phone", width: 390, height: 844 },
  { name: "desk", width: 1280, height: 800 },
];
const phone = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36";

await rm(screenshots, { recursive: true, force: true });
await mkdir(screenshots, { recursive: true });

for (const lang of ["en", "ko"]) {
  journey(`every page can be used by everybody, in ${lang === "ko" ? "Korean" : "English"}`, async ({ open }) => {
    const page = await open({ locale: lang === "ko" ? "ko-KR" : "en-US", reducedMotion: "reduce" });
    // Long, as people's names and addresses are.
    const person = {
      ...somebody("minji"),
      email: `minji.kim.${lang}@${"somewhere-".repeat(5)}else.example.com`,
      displayName: lang === "ko" ? "김수한무 거북이와 두루미 삼천갑자 동방삭" : "Minji Kim of the House by the Long and Quiet River",
    };
    const send = () => press(page.locator("main button.primary"));
    const states = {
      "login": () => page.goto("/login"),
      "login-missing": send,
      "login-refused": () => signIn(page, { username: "nobody", password: "not the right password" }),
      "login-slow-down": async () => {
        for (let tries = 0; tries < 12; tries += 1) await signIn(page, { username: `nobody-${lang}`, password });
      },
      "register": () => page.goto("/register"),
      "register-missing": send,
      "register-mistakes": () =>
        signUp(page, { email: "not an address", username: "민지", password: "short", displayName: "x".repeat(500) }),
      "login-registered": () => signUp(page, person),
      "register-taken": async () => {
        await signUp(page, { ...person, email: "somebody-else@example.com" });
        await whatIsWrongAt(page, "username");
      },
      "logout-done": () => page.goto("/logout"),
      "not-found": () => page.goto("/nowhere"),
      "stale-form": async () => {
        await page.goto("/login");
        await page.context().clearCookies();
        await send();
      },
      "method-not-allowed": () => page.goto("/language"),
      "dashboard": async () => {
        await signIn(page, person);
        isAt(page, "/dashboard");
      },
      "dashboard-sessions": async () => {
        const other = await open({ userAgent: phone });
        await signIn(other, person, { remember: true });
        isAt(other, "/dashboard");
        await page.reload();
      },
      "logout": () => page.goto("/logout"),
      "login-signed-out": send,
    };
    const violations = [];
    for (const [state, enter] of Object.entries(states)) {
      await enter();
      await page.locator("h1").waitFor();
      if (/missing|refused|slow-down|mistakes|taken/.test(state)) await page.getByRole("alert").waitFor();
      if (/registered|signed-out/.test(state)) await page.getByRole("status").waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), lang);
      for (const { name, ...size } of sizes) {
        await page.setViewportSize(size);
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          const shown = `${state}.${lang}.${name}.${colorScheme}`;
          violations.push(...(await violationsOn(page)).map((violation) => `${shown}: ${violation}`));
          await page.screenshot({ path: join(screenshots, `${shown}.png`), fullPage: true });
        }
      }
      // WCAG 2.2, 1.4.10: no scrolling in two directions at 320 pixels.
      await page.setViewportSize({ width: 320, height: 640 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) violations.push(`${state}.${lang}: ${overflow} pixels wider than a window of 320`);
    }
    assert.deepEqual(violations, []);
  });
}

async function violationsOn(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run({ rules: { "target-size": { enabled: true } } }));
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`));
}

journey("the sign-in page with everything it loads weighs less than 15 kB", async ({ open }) => {
  const page = await open();
  const answered = [];
  page.on("requestfinished", (request) => answered.push(request));
  await page.goto("/login", { waitUntil: "networkidle" });
  const loaded = await Promise.all(
    answered.map(async (request) => {
      const { responseBodySize, responseHeadersSize } = await request.sizes();
      return { path: new URL(request.url()).pathname.split("/").at(-1), body: responseBodySize, headers: responseHeadersSize };
    }),
  );
  const body = loaded.reduce((sum, { body }) => sum + body, 0);
  const headers = loaded.reduce((sum, { headers }) => sum + headers, 0);
  console.log(`the sign-in page: ${body} bytes, and ${headers} of headers, in ${loaded.length} answers`);
  assert.ok(["login", "app.css", "app.js", "icon.svg"].every((path) => loaded.some((one) => one.path === path)), JSON.stringify(loaded));
  assert.ok(body + headers < 15_000, JSON.stringify(loaded));
});

journey("the guards of these journeys notice what should not be", async ({ open, complaints }) => {
  const page = await open();
  await page.goto("/login");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    const image = document.createElement("img");
    image.src = "http://localhost:1/elsewhere.png";
    document.querySelector("main").append(script, image);
    console.error("a complaint");
  });
  assert.equal(await page.evaluate(() => globalThis.ran), undefined, "the policy keeps scripts out");
  assert.match((await violationsOn(page)).join(), /image-alt/);
  const heard = complaints.splice(0);
  for (const word of ["script-src", "img-src", "a complaint"]) {
    assert.ok(heard.some((complaint) => complaint.includes(word)), `${word} in ${JSON.stringify(heard)}`);
  }
});
