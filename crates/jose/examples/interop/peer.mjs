// The side of the npm package `jose`: the same two commands as main.rs.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import * as jose from "jose";

const NOW = 1_800_000_000;
const ISSUER = "https://id.example";
const [command, alg, count] = process.argv.slice(2);

function text() {
  const odd = [..."\0\x7f\"\\/<>&'\u2028\ufeff\ufffdé한국🔑"];
  return Array.from({ length: randomInt(24) }, () =>
    randomInt(3) ? String.fromCharCode(32 + randomInt(95)) : odd[randomInt(odd.length)]).join("");
}

function value(levels) {
  switch (randomInt(levels ? 7 : 5)) {
    case 0: return null;
    case 1: return randomInt(2) === 0;
    case 2: return randomInt(2 ** 47) - 2 ** 46;
    case 3: return randomInt(2 ** 31) / 1024;
    case 4: return text();
    case 5: return Array.from({ length: randomInt(4) }, () => value(levels - 1));
    default: return Object.fromEntries(Array.from({ length: randomInt(4) }, () => ["m" + text(), value(levels - 1)]));
  }
}

function claims() {
  return {
    iss: ISSUER, aud: ["app", ["app"], ["app", text()]][randomInt(3)], sub: "s" + text(),
    iat: NOW - 1800 + randomInt(1800), exp: NOW + 1 + randomInt(3600),
    ...Object.fromEntries(Array.from({ length: randomInt(8) }, () => ["x" + text(), value(4)])),
  };
}

function flipABit(token) {
  const segments = token.split(".").map((segment) => Buffer.from(segment, "base64url"));
  const segment = segments[randomInt(3)];
  segment[randomInt(segment.length)] ^= 1 << randomInt(8);
  return segments.map((bytes) => bytes.toString("base64url")).join(".");
}

if (command === "sign") {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  const jwk = await jose.exportJWK(publicKey);
  const kid = await jose.calculateJwkThumbprint(jwk);
  console.log(JSON.stringify({ keys: [{ ...jwk, kid, alg, use: "sig" }] }));
  for (let made = 0; made < Number(count); made++) {
    const payload = claims();
    const token = await new jose.SignJWT(payload).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(privateKey);
    console.log(`${token}\t${JSON.stringify(payload)}`);
  }
} else {
  let keys, verified = 0, refused = 0;
  const options = { issuer: ISSUER, audience: "app", algorithms: [alg], typ: "JWT", currentDate: new Date(NOW * 1000) };
  for await (const line of createInterface({ input: process.stdin, crlfDelay: 0 })) {
    if (!keys) {
      const set = JSON.parse(line);
      for (const jwk of set.keys) assert.equal(await jose.calculateJwkThumbprint(jwk), jwk.kid);
      keys = jose.createLocalJWKSet(set);
      continue;
    }
    const [token, wanted] = line.split("\t");
    const { payload } = await jose.jwtVerify(token, keys, options);
    assert.deepEqual(payload, JSON.parse(wanted));
    verified++;
    await assert.rejects(jose.jwtVerify(flipABit(token), keys, options));
    refused++;
  }
  console.log(`verified ${verified}, refused ${refused}`);
}
