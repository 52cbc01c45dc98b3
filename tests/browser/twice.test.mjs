// Impatient people on a slow line, and people on their way to an app that leads elsewhere.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fillIn, followed, go, somebody, verified } from "./people.mjs";
import { isAt, journey, oneOf, password, says, service } from "./support.mjs";

const another = "seven quiet lamps by a river";

/** Answers take this long from now on. */
async function slow(page, latency) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: -1, uploadThroughput: -1 });
}

/** Two clicks, the second as it comes. */
async function clickTwice(page, apart) {
  const button = page.locator("main button.primary");
  await button.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await button.boundingBox();
  const from = new URL(page.url()).pathname;
  await page.mouse.click(x + width / 2, y + height / 2);
  await sleep(apart);
  await page.mouse.click(x + width / 2, y + height / 2);
  // The second click gives the first one's answer up, which no wait for a page survives.
  for (let tries = 0; tries < 200 && new URL(page.url()).pathname === from; tries += 1) await sleep(100);
  await page.waitForLoadState();
}

for (const javaScriptEnabled of oneOf([false, true])) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";
  journey(`two clicks on a slow line sign up once, and set a password once${how}`, async ({ open }) => {
    for (const apart of oneOf([60, 150, 400])) {
      const page = await open({ javaScriptEnabled });
      const person = somebody("ines");
      await page.goto("/register");
      await fillIn(page, person);
      await slow(page, 300);
      await clickTwice(page, apart);
      isAt(page, "/verify");
      assert.equal(await page.getByRole("alert").count(), 0, `${apart} ms apart: nothing is wrong`);
    }
    for (const apart of oneOf([60, 150, 400])) {
      const person = await verified(await open(), "olga");
      const page = await open({ javaScriptEnabled });
      await page.goto("/recover");
      await page.locator("#identifier").fill(person.username);
      await go(page);
      const mailed = await followed(page, person.email, "recover");
      await mailed.locator("#password").fill(another);
      await slow(mailed, 300);
      await clickTwice(mailed, apart);
      isAt(mailed, "/login");
      await says(mailed.getByRole("status"), "Your new password is set. Sign in with it.");
    }
  });
}

/** The service and an app on one origin, as behind a proxy. The app leads on to another origin. */
async function withApp(steps) {
  const elsewhere = createServer((_, answer) => answer.end("you have arrived")).listen(0, "127.0.0.1");
  const proxy = createServer((incoming, answer) => {
    if (incoming.url.startsWith("/oauth/")) {
      answer.writeHead(302, { location: `http://127.0.0.1:${elsewhere.address().port}/callback` }).end();
      return;
    }
    const { method, url, headers } = incoming;
    const outgoing = ask({ host: "127.0.0.1", port: service.port, method, path: url, headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.rawHeaders);
      answered.pipe(answer);
    });
    incoming.pipe(outgoing);
  }).listen(0, "127.0.0.1");
  await Promise.all([elsewhere, proxy].map((server) => server.listening || once(server, "listening")));
  try {
    await steps(`http://localhost:${proxy.address().port}`);
  } finally {
    for (const server of [proxy, elsewhere]) {
      server.closeAllConnections();
      server.close();
    }
  }
}

journey("who signs in on the way to an app arrives where the app leads, on another origin", async ({ open, complaints }) => {
  const person = await verified(await open(), "vera");
  await withApp(async (origin) => {
    const page = await open({ baseURL: origin });
    const arrived = () => page.waitForURL(/\/callback$/, { timeout: 20_000 });
    await page.goto("/login?next=/oauth/authorize");
    await page.locator("#identifier").fill(person.username);
    await page.locator("#password").fill(password);
    await Promise.all([arrived(), page.locator("main button.primary").click()]);
    assert.equal(await page.locator("body").innerText(), "you have arrived");
    await page.goto("/reauth?next=/oauth/authorize");
    await page.locator("#password").fill(password);
    await Promise.all([arrived(), page.locator("main button.primary").click()]);
  });
  // Requests to the app are what this journey is about; what a policy forbids is not.
  const violated = complaints.filter((complaint) => !complaint.startsWith("a request to "));
  complaints.length = 0;
  complaints.push(...violated);
});
