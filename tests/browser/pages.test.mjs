// What holds for pages as such: what they weigh, and that these journeys would notice what is wrong with one.

import assert from "node:assert/strict";
import { journey, violationsOn } from "./support.mjs";

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
