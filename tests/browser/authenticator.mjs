// An authenticator app that is none of ours: oathtool (OATH Toolkit).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { secrets } from "./support.mjs";

const STEP = 30;

/** Takes the key as the page shows it, as text. */
export async function authenticator(page) {
  const key = (await page.locator("code.key").innerText()).replace(/\s/g, "");
  assert.match(key, /^[A-Z2-7]{32}$/);
  secrets.add(key);
  let last = 0;
  return {
    /** A code that was not used yet: of this moment, or the next one, which counts already. */
    async code() {
      const now = () => Math.floor(Date.now() / 1000 / STEP);
      const step = Math.max(last + 1, now());
      while (step > now() + 1) await sleep(200);
      last = step;
      const at = new Date(step * STEP * 1000).toISOString().replace("T", " ").replace(/\..*/, " UTC");
      return execFileSync("oathtool", ["--totp", "-b", `--now=${at}`, key], { encoding: "utf8" }).trim();
    },
  };
}
