// The life of an account: its pages, from the profile to the end.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { followed, go, letter, linkIn, signIn, signOut, signedIn, verified } from "./people.mjs";
import { inKorean, isAt, journey, journeyIn, press, says, usually, whatIsWrongAt, withoutScript, words } from "./support.mjs";

const another = "seven quiet lamps by a river";
const everyWay = [usually, withoutScript, inKorean];

journeyIn([usually, withoutScript], "a new address counts once its letter is confirmed, and the old one can take it back", async ({ open, t }) => {
  const page = await open();
  const person = await verified(page, "ada");
  const elsewhere = await open();
  await signIn(elsewhere, person);
  const email = `new-${person.email}`;

  await press(page.getByRole("navigation").getByRole("link", { name: t("account-profile") }));
  await press(page.getByRole("main").getByRole("link", { name: t("register-email") }));
  isAt(page, "/account/email");
  await page.locator("#email").fill(person.email.toUpperCase());
  await go(page);
  assert.deepEqual(await whatIsWrongAt(page, "email"), [t("email-same")]);
  await page.locator("#email").fill(email);
  await go(page);
  isAt(page, "/account/email");
  await says(page.getByRole("status"), t("notice-email-change-mailed"));
  await page.getByText(t("email-waiting-for", { address: email })).waitFor();
  await page.getByText(t("email-present", { address: person.email })).waitFor();

  const mailed = await followed(page, email, "change-email");
  isAt(mailed, "/account/email/confirm");
  await mailed.getByText(t("email-confirm-what", { address: email, username: person.username })).waitFor();
  await elsewhere.reload();
  isAt(elsewhere, "/dashboard");
  await go(mailed);
  isAt(mailed, "/account/email");
  await says(mailed.getByRole("status"), t("notice-email-changed"));
  await mailed.getByText(t("email-present", { address: email })).waitFor();
  await elsewhere.reload();
  isAt(elsewhere, "/login?next=/dashboard");

  // The owner of the old address, in a browser that is not signed in.
  const undo = await followed(elsewhere, person.email, "email-changed");
  isAt(undo, "/account/email/undo");
  await undo.getByText(t("email-undo-what", { address: person.email, username: person.username })).waitFor();
  await go(undo);
  isAt(undo, "/recover/reset");
  await mailed.reload();
  assert.equal(new URL(mailed.url()).pathname, "/login");
  await undo.locator("#password").fill(another);
  await go(undo);
  isAt(undo, "/login");
  await says(undo.getByRole("status"), t("notice-password-reset"));
  await signIn(undo, person);
  await undo.getByRole("alert").waitFor();
  await signIn(undo, { ...person, username: person.email, password: another });
  isAt(undo, "/dashboard");
  await undo.getByText(person.email, { exact: true }).waitFor();
});

journeyIn(everyWay, "sessions are ended from another browser, one by one and all at once", async ({ open, t }) => {
  const [here, phone, library, office] = [await open(), await open(), await open(), await open()];
  const person = await verified(here, "grace");
  await signIn(phone, person, { remember: true });

  await press(here.getByRole("navigation").getByRole("link", { name: t("account-sessions") }));
  isAt(here, "/account/sessions");
  const rows = here.locator(".sessions > li");
  assert.equal(await rows.count(), 2);
  await rows.nth(0).getByText(t("session-current"), { exact: true }).waitFor();
  await rows.nth(1).getByText(t("session-remembered"), { exact: true }).waitFor();
  await press(rows.nth(1).getByRole("button", { name: t("session-end"), exact: true }));
  isAt(here, "/account/sessions");
  await says(here.getByRole("status"), t("notice-session-ended"));
  assert.equal(await rows.count(), 1);
  assert.equal(await here.getByRole("button", { name: t("sessions-end-others") }).count(), 0, "there are no others");
  await phone.reload();
  isAt(phone, "/login?next=/dashboard");

  for (const page of [library, office]) await signIn(page, person);
  await here.reload();
  assert.equal(await rows.count(), 3);
  await press(here.getByRole("button", { name: t("sessions-end-others") }));
  await says(here.getByRole("status"), t("notice-other-sessions-ended"));
  assert.equal(await rows.count(), 1);
  for (const page of [library, office]) {
    await page.goto("/account/profile");
    isAt(page, "/login?next=/account/profile");
  }

  await press(rows.getByRole("button", { name: t("sign-out"), exact: true }));
  isAt(here, "/login");
  await says(here.getByRole("status"), t("notice-signed-out"));
});

journey("a new password signs out every other browser and leaves this one", async ({ open }) => {
  const [page, elsewhere] = [await open(), await open()];
  const person = await verified(page, "edsger");
  await signIn(elsewhere, person);

  await page.goto("/.well-known/change-password");
  isAt(page, "/account/password");
  const change = async (present, chosen) => {
    await page.locator("#current_password").fill(present);
    await page.locator("#password").fill(chosen);
    await go(page);
    isAt(page, "/account/password");
  };
  await change(person.password, "iloveyou1234");
  assert.match((await whatIsWrongAt(page, "password"))[0], /^That (password|is) .* widely used/);
  await change(person.password, `${person.username} is my name`);
  assert.match((await whatIsWrongAt(page, "password"))[0], /^That password is too close to your name/);
  await change(person.password, person.password);
  assert.equal((await whatIsWrongAt(page, "password"))[0], "That’s your current password. Choose a different one.");
  await change("not the right password", another);
  assert.equal((await whatIsWrongAt(page, "current_password"))[0], "That password isn’t right. Try again, or reset it.");
  assert.equal(await page.locator("input[type=password]").evaluateAll((fields) => fields.map((field) => field.value).join("")), "");
  await elsewhere.reload();
  isAt(elsewhere, "/dashboard");

  await change(person.password, another);
  await says(page.getByRole("status"), "Your password is changed, and you’re signed out everywhere else.");
  await elsewhere.reload();
  isAt(elsewhere, "/login?next=/dashboard");
  await signIn(elsewhere, person);
  await elsewhere.getByRole("alert").waitFor();
  await signIn(elsewhere, { ...person, password: another });
  isAt(elsewhere, "/dashboard");
  await page.reload();
  isAt(page, "/account/password");
  await letter(page, person.email, "password-changed");
});

journey("a display name and a language change the pages, here and wherever one signs in", async ({ open }) => {
  const page = await open();
  const person = await verified(page, "barbara");
  await press(page.getByRole("navigation").getByRole("link", { name: words("en")("account-profile"), exact: true }));
  await page.getByLabel("Display name").fill("x".repeat(100));
  await press(page.getByRole("button", { name: "Save" }));
  assert.equal((await whatIsWrongAt(page, "display_name"))[0], "Use at most 64 characters for your display name.");
  await page.getByLabel("Display name").fill("바바라 리스코프");
  await page.getByRole("combobox", { name: "Language" }).selectOption("한국어");
  await press(page.getByRole("button", { name: "Save" }));

  isAt(page, "/account/profile");
  await says(page.locator("h1"), "내 정보");
  await says(page.getByRole("status"), "저장했어요.");
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  await page.getByRole("banner").getByText("바바라 리스코프").waitFor();
  await page.goto("/dashboard");
  await page.getByRole("heading").getByText("바바라 리스코프").waitFor();

  // What is mailed follows, whatever the browser asks for.
  const other = await open();
  await other.goto("/recover");
  await other.locator("#identifier").fill(person.username);
  await go(other);
  await says((await letter(other, person.email, "recover")).locator("h1"), words("ko")("mail-recover-subject", { service: "Vestibule" }));

  await page.goto("/account/profile");
  await page.getByLabel("닉네임").fill("");
  await page.getByRole("combobox", { name: "언어" }).selectOption("");
  await press(page.getByRole("button", { name: "저장" }));
  await says(page.locator("h1"), "You");
  await page.getByRole("banner").getByText(person.username).waitFor();
});

journey("what happened in an account is listed for its owner", async ({ open }) => {
  const page = await open();
  const person = await signedIn(page, "donald");
  await signIn(await open(), { ...person, password: "not the right password" });
  await page.goto("/account/profile");
  await page.locator("#display_name").fill("Donald");
  await go(page);
  await page.goto("/account/activity");
  await says(page.locator("h1"), "Activity");
  const rows = page.locator(".sessions > li");
  assert.deepEqual(await rows.locator("strong").allInnerTexts(), [
    "Profile changed",
    "Sign-in failed: wrong password",
    "Signed in",
    "Signed out",
    "Signed in",
    "Email address confirmed",
    "Account created",
  ]);
  assert.match(await rows.nth(0).innerText(), /This browser/);
  assert.match(await rows.nth(1).innerText(), /From 127\.0\.0\.1/);
  assert.doesNotMatch(await rows.nth(1).innerText(), /This browser/);
});

journey("everything that is kept about a person can be downloaded", async ({ open }) => {
  const page = await open();
  const person = await verified(page, "niklaus");
  await press(page.getByRole("navigation").getByRole("link", { name: words("en")("account-profile") }));
  await press(page.getByRole("link", { name: words("en")("account-data"), exact: true }));
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download your data" }).click();
  const download = await coming;
  assert.match(download.suggestedFilename(), /\.json$/);
  const text = await readFile(await download.path(), "utf8");
  const data = JSON.parse(text);
  assert.ok(JSON.stringify(data).includes(person.email));
  assert.ok(JSON.stringify(data).includes(person.username));
  assert.ok(!text.includes("$argon2") && !text.includes(person.password), "never the password, nor its hash");
  isAt(page, "/account/data");
  await page.goto("/account/activity");
  await page.getByText("Your data downloaded").waitFor();
});

journeyIn(everyWay, "an account that is to be deleted can be kept by the letter's link", async ({ open, t }) => {
  const [page, elsewhere] = [await open(), await open()];
  const person = await verified(page, "margaret");
  await signIn(elsewhere, person);

  await press(page.getByRole("navigation").getByRole("link", { name: t("account-profile") }));
  await press(page.getByRole("main").getByRole("link", { name: t("account-delete") }));
  isAt(page, "/account/delete");
  await go(page);
  assert.deepEqual(await whatIsWrongAt(page, "understood"), [t("delete-not-understood")]);
  await page.getByLabel(t("delete-understood")).check();
  await go(page);
  isAt(page, "/login");
  await says(page.getByRole("status"), t("notice-deletion-scheduled"));
  await elsewhere.reload();
  isAt(elsewhere, "/login?next=/dashboard");

  await signIn(page, person);
  isAt(page, "/login");
  await page.getByRole("alert").getByText(t("login-closing")).waitFor();
  // Only who knows the password is told.
  await signIn(elsewhere, { ...person, password: "not the right password" });
  await elsewhere.getByRole("alert").getByText(t("login-refused")).waitFor();

  const kept = await followed(elsewhere, person.email, "deletion");
  isAt(kept, "/account/delete/undo");
  await says(kept.locator("h1"), t("keep-title"));
  await go(kept);
  isAt(kept, "/login");
  await says(kept.getByRole("status"), t("notice-deletion-undone"));
  await signIn(kept, person);
  isAt(kept, "/dashboard");
  await signOut(kept);

  const again = await letter(page, person.email, "deletion");
  await press(linkIn(again, "deletion"));
  await again.getByRole("alert").getByText(t("keep-link-over")).waitFor();
});
