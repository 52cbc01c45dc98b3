// go-oidc: the relying party of Go. Debian's package of it is version 2; what docs/apps.md shows has the same names in 3.

import { execFile } from "node:child_process";
import { copyFile, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { signIn } from "./samples.mjs";
import { service } from "./support.mjs";

async function build() {
  const sources = join(service.folder, "go", "src");
  const v3 = join(sources, "github.com/coreos/go-oidc/v3");
  await mkdir(v3, { recursive: true });
  await mkdir(join(sources, "app"));
  await symlink("/usr/share/gocode/src/github.com/coreos/go-oidc", join(v3, "oidc"));
  await copyFile(fileURLToPath(new URL("apps/main.go", import.meta.url)), join(sources, "app", "main.go"));
  const program = join(service.folder, "go", "program");
  const env = { PATH: process.env.PATH, HOME: service.folder, GO111MODULE: "off", GOFLAGS: "", GOPATH: `${join(service.folder, "go")}:/usr/share/gocode` };
  await promisify(execFile)("go", ["build", "-o", program, "app"], { env });
  return program;
}

test("Go with go-oidc", async () => {
  const program = await build();
  await signIn("go", "/callback", () => [program]);
});
