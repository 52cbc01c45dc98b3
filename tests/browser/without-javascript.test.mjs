import assert from "node:assert/strict";
import { confirm, signOut, somebody } from "./people.mjs";
import { hasFocus, isAt, journey, password, press, says, service, whatIsWrongAt, words } from "./support.mjs";

journey("everything works without JavaScript", async ({ open }) => {
  const page = await open({ javaScriptEnabled: false });
  const person = somebody("ada");

  await page.goto("/dashboard");
  isAt(page, "/login?next=/dashboard");
  assert.equal(await page.getByRole("button", { name: "Show password" }).count(), 0);
  await press(page.getByRole("link", { name: "Sign up" }));
  isAt(page, "/register?next=/dashboard");
  assert.equal(await page.getByRole("button", { name: "Show password" }).count(), 0);

  await page.locator("#email").fill(person.email);
  await page.locator("#username").fill(person.username);
  await page.locator("#password").fill("short");
  await press(page.getByRole("button", { name: "Sign up" }));
  assert.equal((await whatIsWrongAt(page, "password"))[0], "Choose a password of at least 12 characters.");
  await hasFocus(page.getByRole("alert"));
  await page.locator("#password").fill(password);
  await press(page.getByRole("button", { name: "Sign up" }));
  isAt(page, "/verify");
  await page.getByRole("status").waitFor();
  await confirm(page, person);
  await signOut(page);
  await page.goto("/dashboard");

  await page.locator("#identifier").fill(person.username);
  await page.locator("#password").fill("not the right password");
  await press(page.getByRole("button", { name: "Sign in" }));
  await hasFocus(page.getByRole("alert"));
  assert.equal(await page.locator("#identifier").inputValue(), person.username);
  await page.locator("#password").fill(password);
  await page.locator("#remember").check();
  await press(page.getByRole("button", { name: "Sign in" }));
  isAt(page, "/dashboard");

  await service.killAndStart();
  await page.reload();
  isAt(page, "/dashboard");

  await press(page.getByRole("button", { name: "한국어" }));
  isAt(page, "/dashboard");
  await says(page.locator("#sessions"), words("ko")("dashboard-sessions"));
  await press(page.getByRole("button", { name: "English" }));
  await says(page.locator("#sessions"), words("en")("dashboard-sessions"));

  await page.goto("/logout");
  await press(page.getByRole("main").getByRole("button", { name: "Sign out" }));
  isAt(page, "/login");
  await says(page.getByRole("status"), "You’re signed out.");
  await page.goBack();
  assert.ok(!(await page.content()).includes(person.email));
});
