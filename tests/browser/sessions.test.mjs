import assert from "node:assert/strict";
import { signedIn, signIn } from "./people.mjs";
import { isAt, journey, password, press, says, service } from "./support.mjs";

journey("after signing out, Back shows nothing of the account", async ({ open }) => {
  const page = await open();
  const person = await signedIn(page, "ada");
  const nothingOfTheAccount = async () => {
    await page.locator("h1").waitFor();
    const shown = await page.content();
    assert.ok(!shown.includes(person.username) && !shown.includes(person.email), `nothing of the account at ${page.url()}`);
    const typed = await page.locator("input").evaluateAll((fields) => fields.map((field) => field.value));
    assert.ok(!typed.includes(password), `no password at ${page.url()}`);
  };
  await page.goto("/logout");
  await press(page.getByRole("link", { name: "Stay signed in" }));
  isAt(page, "/dashboard");

  await press(page.getByRole("banner").getByRole("button", { name: "Sign out" }));
  isAt(page, "/login");
  await says(page.getByRole("status"), "You’re signed out.");
  // Past the account and past the form that opened it, to the one that made it.
  for (const path of ["/login", "/logout", "/login", "/login", "/logout", "/login", "/verify", "/register"]) {
    await page.goBack({ waitUntil: "commit" });
    assert.equal(new URL(page.url()).pathname, path);
    await nothingOfTheAccount();
  }
  await page.goForward({ waitUntil: "commit" });
  await nothingOfTheAccount();
  await page.goto("/dashboard");
  isAt(page, "/login?next=/dashboard");
});

journey("asking for the sign-out page changes nothing until its button is used", async ({ open }) => {
  const page = await open();
  await signedIn(page, "grace");
  await page.goto("/logout");
  await says(page.locator("h1"), "Sign out?");
  await page.goto("/dashboard");
  isAt(page, "/dashboard");
  await page.goto("/logout");
  await press(page.getByRole("main").getByRole("button", { name: "Sign out" }));
  isAt(page, "/login");
  await page.goto("/logout");
  await says(page.locator("h1"), "You’re signed out");
  await press(page.getByRole("link", { name: "Sign in" }));
  isAt(page, "/login");
});

journey("the service is killed and started again, and everybody is still signed in", async ({ open }) => {
  const [remembered, passing] = [await open(), await open()];
  const one = await signedIn(remembered, "edsger", { remember: true });
  const other = await signedIn(passing, "barbara");

  await service.killAndStart();

  await remembered.reload();
  isAt(remembered, "/dashboard");
  await remembered.getByText(one.email, { exact: true }).waitFor();
  await passing.goto("/");
  isAt(passing, "/dashboard");
  await passing.getByText(other.email, { exact: true }).waitFor();
});

journey("a form that was open while the service was killed and started again is still good", async ({ open }) => {
  const page = await open();
  await signedIn(page, "donald");
  await service.killAndStart();
  await press(page.getByRole("button", { name: "Sign out" }));
  isAt(page, "/login");
  await says(page.getByRole("status"), "You’re signed out.");
});

journey("whoever asked to stay signed in is, after the browser was closed; others are not", async ({ open }) => {
  for (const remember of [true, false]) {
    const before = await open();
    await signedIn(before, "linus", { remember });
    const { cookies } = await before.context().storageState();
    const kept = cookies.filter((cookie) => cookie.expires !== -1);
    const session = cookies.find((cookie) => cookie.name === "vestibule");
    assert.ok(session.httpOnly && session.sameSite === "Lax");
    const page = await open({ storageState: { cookies: kept, origins: [] } });
    await page.goto("/dashboard");
    isAt(page, remember ? "/dashboard" : "/login?next=/dashboard");
  }
});

journey("every browser that is signed in is listed, and signing out of one leaves the other", async ({ open }) => {
  const desk = await open();
  const person = await signedIn(desk, "tony");
  const phone = await open({
    userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    viewport: { width: 390, height: 844 },
  });
  await signIn(phone, person, { remember: true });
  isAt(phone, "/dashboard");

  await desk.reload();
  await press(desk.getByRole("main").getByRole("link", { name: "This browser" }));
  isAt(desk, "/account/sessions");
  const rows = desk.locator(".sessions > li");
  assert.equal(await rows.count(), 2);
  assert.match(await rows.nth(0).innerText(), /This browser/);
  assert.match(await rows.nth(1).innerText(), /^Safari on (iOS|iPhone)/);
  assert.match(await rows.nth(1).innerText(), /Stays signed in/);
  assert.match(await rows.nth(1).innerText(), /127\.0\.0\.1/);

  await press(desk.getByRole("banner").getByRole("button", { name: "Sign out" }));
  isAt(desk, "/login");
  await phone.reload();
  isAt(phone, "/dashboard");
  assert.equal(await phone.locator("a.row[href='/account/sessions']").count(), 1);
});
