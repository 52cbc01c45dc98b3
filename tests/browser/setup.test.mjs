// The first minutes of a service: its log has a link that makes the first administrator.

import assert from "node:assert/strict";
import { fillIn, go, signIn, somebody, verified } from "./people.mjs";
import { isAt, journey, says, service, setupLink, whatIsWrongAt } from "./support.mjs";

journey("the link in the log of a new service makes its administrator, once", async ({ open }) => {
  const link = setupLink();
  const page = await open();
  await page.goto(link);
  isAt(page, "/setup");
  await says(page.locator("h1"), "Create the first administrator");
  const person = { ...somebody("root"), displayName: "The one who looks after it" };
  await fillIn(page, { ...person, password: "short" });
  await go(page);
  isAt(page, "/setup");
  assert.equal((await whatIsWrongAt(page, "password"))[0], "Choose a password of at least 12 characters.");
  await page.locator("#password").fill(person.password);
  await go(page);
  // The address needs no confirmation.
  isAt(page, "/dashboard");
  await page.getByText(person.email, { exact: true }).waitFor();

  const late = await open();
  await late.goto(link);
  isAt(late, "/setup");
  await late.getByRole("alert").getByText("This link was already used or replaced, or is more than an hour old.").waitFor();
  assert.equal(await late.locator("main form").count(), 0);
  await signIn(late, person);
  isAt(late, "/dashboard");

  // The only administrator cannot leave the service without one.
  await late.goto("/account/delete");
  await late.getByText("You’re the only administrator, so this account can’t be deleted.").waitFor();
  assert.equal(await late.locator("#understood").count(), 0);
});

journey("a service that is started again prints no other link, and people sign up as ever", async ({ open }) => {
  const before = service.log.length;
  await service.killAndStart();
  assert.ok(!service.log.slice(before).includes("/setup?token="));
  const page = await open();
  await page.goto("/setup");
  await page.getByRole("alert").waitFor();
  await verified(page, "ada");
});
