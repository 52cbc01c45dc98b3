// People sign in to apps on other origins.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { go, signedIn, signOut } from "./people.mjs";
import { inKorean, isAt, journeyIn, press, service, usually, violationsOn, withoutScript } from "./support.mjs";

/** An app that shows what it was answered. As real ones do, it redirects to its own page first. */
const app = {
  answers: [],
  server: createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, app.url);
    if (pathname === "/popup" || pathname === "/opener") {
      response.setHeader("content-type", "text/html").end(`<!doctype html><title>The app</title><h1>The app</h1><script>${scripts[pathname]}</script>`);
      return;
    }
    if (pathname !== "/callback") {
      response.setHeader("content-type", "text/html").end("<!doctype html><title>The app</title><h1>The app</h1>");
      return;
    }
    let body = "";
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      app.answers.push(Object.fromEntries(request.method === "POST" ? new URLSearchParams(body) : searchParams));
      response.writeHead(302, { location: "/home" }).end();
    });
  }),
};

/** Of the app's page that opens a popup, and of the one in it. */
const scripts = {
  "/opener": "addEventListener('message', (event) => { if (event.origin === location.origin) window.told = event.data; });",
  "/popup": "if (window.opener) window.opener.postMessage(location.search, location.origin); else document.body.append('no opener');",
};

before(async () => {
  await new Promise((listening) => app.server.listen(0, "127.0.0.1", listening));
  app.url = `http://127.0.0.1:${app.server.address().port}`;
  service.apps.add(app.url);
});
after(() => app.server.close());

/** Registers the app under a name of its own; the address with which it sends people here. */
function register(name, ...options) {
  service.command("app", "add", name, "--id", name.toLowerCase(), "--redirect", `${app.url}/callback`, "--redirect", `${app.url}/popup`, ...options);
  return (parameters) => {
    const usual = { client_id: name.toLowerCase(), redirect_uri: `${app.url}/callback`, response_type: "code", scope: "openid profile email" };
    return `/oauth/authorize?${new URLSearchParams({ ...usual, state: "st&<ate", ...parameters })}`;
  };
}

async function arrives(page) {
  await page.waitForURL(`${app.url}/home`);
  return app.answers.pop();
}

let apps = 0;
for (const mode of ["query", "form_post"]) {
  journeyIn([usually, withoutScript, inKorean], `a person signs in to an app, allows it once and removes it (${mode})`, async ({ open, t, how }) => {
    const name = `Wiki${(apps += 1)}`;
    const address = register(name);
    const page = await open();
    const person = await signedIn(page, "mina");
    await signOut(page);

    await page.goto(address({ response_mode: mode }));
    await page.locator("main").getByText(name).first().waitFor();
    await page.locator("#identifier").fill(person.username);
    await page.locator("#password").fill(person.password);
    await page.locator("main form button.primary").first().click();
    await page.getByRole("heading", { name: t("consent-title", { app: name }) }).waitFor();
    if (how !== withoutScript.how) assert.deepEqual(await violationsOn(page), []);
    await page.getByRole("button", { name: t("consent-allow") }).click();
    await submitByHand(page, mode);
    const answer = await arrives(page);
    assert.match(answer.code, /^vc_/);
    assert.deepEqual([answer.state, answer.iss], ["st&<ate", service.url]);

    // The second time nobody is asked.
    await page.goto(address({ response_mode: mode, prompt: "none" })).catch(() => {});
    await submitByHand(page, mode);
    assert.match((await arrives(page)).code, /^vc_/);

    await page.goto("/account/apps");
    await page.getByText(name).first().waitFor();
    await press(page.locator("main form button").first());
    isAt(page, "/account/apps");
    assert.equal(await page.locator("main").getByText(name, { exact: true }).count(), 0);
    await page.goto(address({ response_mode: mode }));
    await press(page.getByRole("button", { name: t("consent-deny") })).catch(() => {});
    await submitByHand(page, mode);
    assert.equal((await arrives(page)).error, "access_denied");
  });
}

journeyIn([usually], "an app on another origin signs a person in in a popup, and is told by its own page there", async ({ open, t }) => {
  const address = register("Popup", "--popup");
  const plain = register("Plain");
  const page = await open();
  const person = await signedIn(page, "popup");
  await signOut(page);
  // The app's page opens the popup; the callback page in it tells its opener.
  const opens = async (to) => {
    await page.goto(`${app.url}/opener`);
    const popup = page.waitForEvent("popup");
    await page.evaluate((url) => window.open(url, "_blank", "width=500,height=700"), new URL(to, service.url).href);
    return popup;
  };
  const told = () => page.evaluate(() => window.told);

  const popup = await opens(address({ redirect_uri: `${app.url}/popup` }));
  await popup.locator("#identifier").fill(person.username);
  await popup.locator("#password").fill(person.password);
  await popup.locator("main form button.primary").first().click();
  await popup.getByRole("button", { name: t("consent-allow") }).click();
  await page.waitForFunction(() => window.told);
  const answer = Object.fromEntries(new URLSearchParams(await told()));
  assert.match(answer.code, /^vc_/);
  assert.deepEqual([answer.state, answer.iss], ["st&<ate", service.url]);

  // A second time the answer comes at once; an app without the flag has lost its opener.
  await opens(address({ redirect_uri: `${app.url}/popup` }));
  await page.waitForFunction(() => window.told);
  const cutOff = await opens(plain({ redirect_uri: `${app.url}/popup`, prompt: "none" }));
  await cutOff.waitForURL(`${app.url}/popup?**`);
  await cutOff.getByText("no opener").waitFor();
  assert.equal(await told(), undefined);
});

/** Without script a form that goes to the app has a button. */
async function submitByHand(page, mode) {
  if (mode !== "form_post" || page.url().startsWith(app.url)) return;
  const button = page.locator("main form[action^='http'] button");
  await Promise.race([button.waitFor(), page.waitForURL(`${app.url}/**`)]);
  if (!page.url().startsWith(app.url)) await button.click().catch(() => {});
}
