// What the journeys share: the real service over a fresh database, a real browser, and a guard
// that listens to every page.
//
//   VESTIBULE_BIN       the program to run, from the repository's root (target/debug/vestibule)
//   VESTIBULE_CHROMIUM  the browser (else Debian's Chromium or Chrome, rather the one without windows: two thirds of the work)

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
const program = resolve(root, process.env.VESTIBULE_BIN ?? "target/debug/vestibule");
const browsers = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const browserProgram = process.env.VESTIBULE_CHROMIUM ?? browsers.find((path) => existsSync(path));

export const password = "correct horse battery staple";

/** What the service's log may never contain. Secrets of mailed links join them as letters are read. */
export const secrets = new Set([password, encodeURIComponent(password), "@example.com"]);

/** The service: started, killed without a word and started again as a journey asks. */
export const service = {
  log: "",
  /** More settings, for a file of journeys that says so before they begin. */
  settings: {},
  /** Origins of apps, where people may go from the service. */
  apps: new Set(),

  async prepare() {
    assert.ok(existsSync(program), `${program} is not there: run \`cargo build\`, or set VESTIBULE_BIN`);
    this.folder = await mkdtemp(join(tmpdir(), "vestibule-journeys-"));
    // Under root the database's server runs as another user, who has to pass through.
    await chmod(this.folder, 0o755);
    this.port = await freePort();
    this.url = `http://localhost:${this.port}`;
    await this.start();
  },

  async start() {
    this.process = spawn(program, { cwd: this.folder, env: this.environment(), stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));
    this.ended = new Promise((ended) => this.process.once("close", ended));
    for (let tries = 0; tries < 600; tries += 1) {
      if (await this.isReady()) return;
      if (this.process.exitCode !== null) break;
      await sleep(100);
    }
    this.process.kill("SIGKILL");
    throw new Error(`the service did not become ready:\n${this.log}`);
  },

  /** Nothing else of our environment: neither a DATABASE_URL nor settings of the developer's. */
  environment() {
    return {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      VESTIBULE_DATA_DIR: join(this.folder, "data"),
      VESTIBULE_LISTEN: `127.0.0.1:${this.port}`,
      // The newest email of a journey is the one that it is about.
      VESTIBULE_NEW_BROWSER_EMAIL: "false",
      ...this.settings,
    };
  },

  /** What a command prints. */
  command(...words) {
    return execFileSync(program, words, { cwd: this.folder, env: this.environment(), encoding: "utf8" });
  },

  async isReady() {
    const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
    return answer?.ok ?? false;
  },

  /** As a power cut would end it. */
  async killAndStart() {
    this.process.kill("SIGKILL");
    await this.ended;
    assert.equal(await this.isReady(), false);
    await this.start();
  },

  async stop() {
    if (this.process) {
      this.process.kill("SIGTERM");
      await this.ended;
    }
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  },
};

let browser;

before(async () => {
  assert.ok(browserProgram, "no browser found: install Chromium, or set VESTIBULE_CHROMIUM");
  await service.prepare();
  browser = await chromium.launch({
    executablePath: browserProgram,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
    // "Back" is to be what people have: pages may come from memory, as they were.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
});

after(async () => {
  await browser?.close();
  await service.stop();
  const faults = service.log.split("\n").filter((line) => line.includes('"level":"ERROR"') || line.includes("panicked"));
  assert.deepEqual(faults, [], "the service logged no faults");
  for (const secret of secrets) assert.ok(!service.log.includes(secret), `the service's log does not contain ${secret}`);
});

/**
 * One journey. `open` gives it a page in a browser of its own; whatever such a page complains about
 * (an error on the console, a violated policy, a request to another host, a secret in the address bar)
 * fails the journey.
 */
export function journey(sentence, steps) {
  test(sentence, { timeout: 400_000 }, async () => {
    const pages = [];
    const complaints = [];
    const open = async (options) => {
      const page = await openPage(options, complaints);
      pages.push(page);
      return page;
    };
    try {
      await steps({ open, complaints });
      assert.deepEqual(complaints, [], "no page complains");
    } catch (error) {
      await keepEvidence(sentence, pages);
      throw error;
    } finally {
      await Promise.all(pages.map((page) => page.context().close()));
    }
  });
}

/** Ways to go on a journey: the usual one, and those of people whose browser is another. */
export const usually = {};
export const withoutScript = { how: "without JavaScript", javaScriptEnabled: false };
export const inKorean = { how: "in Korean", locale: "ko-KR" };

/** CI goes on each journey in one way, taking turns. `scripts/browser` alone goes in all of them. */
export const isShort = process.env.VESTIBULE_JOURNEYS === "short";
let turn = 0;
export const oneOf = (all) => (isShort ? [all[turn++ % all.length]] : all);

/** The same journey in several ways. Its pages open that way, and `t` gives it the words that it reads. */
export function journeyIn(ways, sentence, steps) {
  for (const { how, ...way } of oneOf(ways)) {
    const t = words(way.locale === "ko-KR" ? "ko" : "en");
    journey(how ? `${sentence}, ${how}` : sentence, ({ open, ...more }) =>
      steps({ ...more, t, how, open: (options) => open({ ...way, ...options }) }),
    );
  }
}

/** The messages of a language that stand in one line, with their variables filled in. */
export function words(lang) {
  const folder = join(root, "locales", lang);
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"));
  const messages = new Map(lines.map((line) => line.match(/^([a-z-]+) = (.+)$/)?.slice(1)).filter(Boolean));
  return (key, variables = {}) => {
    assert.ok(messages.has(key), `${key} is a message in one line`);
    return messages.get(key).replace(/\{ \$(\w+) \}/g, (_, name) => variables[name]);
  };
}

async function openPage(options, complaints) {
  const context = await browser.newContext({ baseURL: service.url, locale: "en-US", ...options });
  context.setDefaultTimeout(20_000);
  context.on("request", (request) => {
    const { origin } = new URL(request.url());
    if (origin !== service.url && !service.apps.has(origin)) complaints.push(`a request to ${request.url()}`);
    if (request.headers().referer?.includes("token")) complaints.push(`${request.url()} is told ${request.headers().referer}`);
  });
  context.on("page", (page) => {
    page.on("framenavigated", (frame) => {
      if (frame.url().includes("token")) complaints.push(`the address bar holds ${frame.url()}`);
    });
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isStatusOfPage(message)) {
      complaints.push(`${message.type()} on ${message.page()?.url()}: ${message.text()}`);
    }
  });
  context.on("weberror", (error) => complaints.push(`uncaught: ${error.error()}`));
  return context.newPage();
}

/** Chromium notes the status of a refused form's own page as an error; it is what we mean to answer. */
function isStatusOfPage(message) {
  const { url } = message.location();
  return message.text().startsWith("Failed to load resource") && url.split("#")[0] === message.page()?.url().split("#")[0];
}

async function keepEvidence(sentence, pages) {
  const folder = join(here, "test-results");
  await mkdir(folder, { recursive: true });
  for (const [index, page] of pages.entries()) {
    const path = join(folder, `${sentence.replace(/\W+/g, "-")}-${index}.png`);
    await page.screenshot({ path, fullPage: true }).catch(() => {});
    console.error(`at ${page.url()}, seen in ${path}`);
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Uses a button or a link, and waits for the page that it leads to. */
export async function press(target) {
  await Promise.all([target.page().waitForEvent("load"), target.click()]);
}

export function isAt(page, path) {
  assert.equal(page.url(), service.url + path);
}

export async function hasFocus(locator) {
  // The browser gives the focus to `autofocus` when it first draws the page.
  for (let tries = 0; tries < 50; tries += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await sleep(20);
  }
  assert.fail(`${locator} has the focus`);
}

export async function says(locator, text) {
  await locator.waitFor();
  assert.equal((await locator.innerText()).replace(/\s+/g, " ").trim(), text);
}

/** The field is marked as wrong, and everything that describes it is there. Returns those texts. */
export async function whatIsWrongAt(page, name) {
  const field = page.locator(`#${name}`);
  assert.equal(await field.getAttribute("aria-invalid"), "true", `${name} is marked as wrong`);
  const ids = (await field.getAttribute("aria-describedby")).split(" ");
  const texts = [];
  for (const id of ids) {
    assert.equal(await page.locator(`[id="${id}"]`).count(), 1, `${name} is described by one #${id}`);
    texts.push((await page.locator(`[id="${id}"]`).innerText()).trim());
  }
  return texts;
}

/** The way to the first administrator: the one secret that the log of a new service is meant to have. */
export function setupLink() {
  const [link] = service.log.match(/\/setup\?token=[\w-]+/) ?? assert.fail("the log has the link that makes the first administrator");
  return link;
}

const sizes = [
  { name: "phone", width: 390, height: 844 },
  { name: "desk", width: 1280, height: 800 },
];

/**
 * Pictures in every size and colour, and what is wrong with the page: judged narrow and light, and wide and dark; in
 * short, in one of the two.
 */
export async function lookAt(page, shown, folder) {
  const violations = [];
  const judged = oneOf(["phone light", "desk dark"]);
  for (const { name, ...size } of sizes) {
    for (const colorScheme of ["light", "dark"]) {
      const isJudged = judged.includes(`${name} ${colorScheme}`);
      if (isShort && !isJudged) continue;
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${shown}.${name}.${colorScheme}.png`), fullPage: true });
      if (isJudged) {
        violations.push(...(await violationsOn(page)).map((violation) => `${shown}.${name}: ${violation}`));
      }
    }
  }
  // WCAG 2.2, 1.4.10: no scrolling in two directions at 320 pixels.
  await page.setViewportSize({ width: 320, height: 640 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (overflow > 0) violations.push(`${shown}: ${overflow} pixels wider than a window of 320`);
  return violations;
}

export async function violationsOn(page) {
  // Reading half a megabyte of script takes the browser longer than judging the page.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run({ rules: { "target-size": { enabled: true } } }));
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`));
}
