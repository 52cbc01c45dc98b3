// Somebody with a browser that knows cookies, redirects and forms, and nothing else. What browsers do to pages is
// tested in tests/browser; this is about what apps and the service say to each other.

import assert from "node:assert/strict";
import { request } from "node:http";

export class Person {
  cookies = new Map();

  /** Follows an address until it leaves the service (`{ left }`), or until a page is there (`{ url, html }`). */
  async go(url, options = {}) {
    for (let hops = 0; hops < 20; hops += 1) {
      const { status, headers, html } = await exchange(url, { ...options, headers: { ...options.headers, ...this.#headers(url) } });
      this.#keep(url, headers["set-cookie"] ?? []);
      const next = headers.location ?? refresh(html);
      if (!next) return { url: String(url), status, headers, html };
      const target = new URL(next, url);
      if (!this.isAtHome(target)) return { left: target };
      [url, options] = [target, {}];
    }
    assert.fail(`no end of redirects at ${url}`);
  }

  constructor(...homes) {
    this.homes = homes.map((home) => new URL(home).origin);
  }

  isAtHome(url) {
    return this.homes.includes(url.origin);
  }

  /** Fills in the form of a page that has this field or button, and sends it. */
  async submit(page, fields, has = Object.keys(fields)[0]) {
    const forms = page.html.match(/<form[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((form) => new RegExp(`name="${has}"`).test(form)) ?? assert.fail(`no form has ${has}: ${page.html}`);
    const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [attribute(input, "name"), attribute(input, "value")]);
    const action = attribute(form.match(/<form[^>]*>/)[0], "action") || page.url;
    const url = new URL(action, page.url);
    return this.go(url, {
      method: "POST",
      headers: { origin: url.origin, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" },
      body: String(new URLSearchParams([...hidden.filter(([name]) => name && !(name in fields)), ...Object.entries(fields)])),
    });
  }

  async signUp(service, { username, email, password }) {
    const page = await this.go(`${service}/register`);
    return this.submit(page, { username, email, password });
  }

  #headers(url) {
    const cookies = [...(this.cookies.get(new URL(url).hostname) ?? new Map())].map(([name, value]) => `${name}=${value}`);
    return { accept: "text/html", "accept-language": "en", "sec-fetch-mode": "navigate", ...(cookies.length > 0 && { cookie: cookies.join("; ") }) };
  }

  #keep(url, cookies) {
    // Browsers keep cookies by host, not by port.
    const { hostname } = new URL(url);
    const jar = this.cookies.get(hostname) ?? new Map();
    this.cookies.set(hostname, jar);
    for (const cookie of cookies) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      if (value === "" || /max-age=0/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
  }
}

/** One request. `fetch` would say of itself that it is no navigation. */
function exchange(url, { method = "GET", headers, body = "" }) {
  return new Promise((resolve, reject) => {
    const length = body && { "content-length": Buffer.byteLength(body) };
    const sent = request(url, { method, headers: { ...headers, ...length } }, async (answer) => {
      let html = "";
      for await (const text of answer.setEncoding("utf8")) html += text;
      resolve({ status: answer.statusCode, headers: answer.headers, html });
    });
    sent.on("error", reject).end(body);
  });
}

function attribute(tag, name) {
  return decode(tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "");
}

function refresh(html) {
  const meta = html.match(/<meta[^>]*http-equiv="refresh"[^>]*>/)?.[0];
  return meta && attribute(meta, "content").replace(/^\s*\d+\s*;\s*url=/i, "");
}

function decode(text) {
  const named = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
    name ? (named[name] ?? all) : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)),
  );
}
