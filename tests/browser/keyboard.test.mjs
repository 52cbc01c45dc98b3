import assert from "node:assert/strict";
import { letter, linkIn, signIn, somebody, verified } from "./people.mjs";
import { hasFocus, isAt, journey, password, press } from "./support.mjs";

journey("a person with a keyboard alone signs up, signs in and signs out", async ({ open }) => {
  const page = await open();
  const keys = page.keyboard;
  const person = somebody("ada");

  await page.goto("/login");
  await hasFocus(page.locator("#identifier"));
  await tabTo(page, "Sign up");
  await keys.press("Enter");
  await page.waitForURL("**/register");

  await tabTo(page, "input#email");
  await keys.type(person.email);
  await tabTo(page, "input#username");
  await keys.type(person.username);
  await tabTo(page, "input#password");
  await keys.type(password);
  await keys.press("Tab");
  assert.equal(await focused(page), "Show password");
  await keys.press("Space");
  assert.equal(await page.locator("#password").getAttribute("type"), "text");
  await tabTo(page, "input#display_name");
  await keys.press("Enter");
  await page.waitForURL("**/verify");

  // From the mail, in a window of its own, by its link and the one button of the page it leads to.
  const mailed = await letter(page, person.email, "verify");
  await mailed.bringToFront();
  await tabTo(mailed, await mailed.locator(".letter a").innerText());
  await mailed.keyboard.press("Enter");
  await mailed.waitForURL("**/verify");
  await tabTo(mailed, "Confirm");
  await mailed.keyboard.press("Enter");
  await mailed.waitForURL("**/dashboard");
  await tabTo(mailed, "Sign out");
  await mailed.keyboard.press("Enter");
  await mailed.waitForURL("**/login");
  await mailed.close();
  await page.bringToFront();
  await page.goto("/login");

  // A wrong password, with Enter: the summary's link leads back to the field.
  await tabTo(page, "input#identifier");
  await keys.type(person.username);
  await tabTo(page, "input#password");
  await keys.type("not the right password");
  await keys.press("Enter");
  await hasFocus(page.getByRole("alert"));
  await keys.press("Tab");
  assert.equal(await focused(page), "Wrong username, email or password. Try again, or reset your password.");
  await keys.press("Enter");
  await hasFocus(page.locator("#identifier"));
  await tabTo(page, "input#password");
  await keys.type(password);
  await tabTo(page, "input#remember");
  await keys.press("Space");
  assert.equal(await page.locator("#remember").isChecked(), true);
  await keys.press("Enter");
  await page.waitForURL("**/dashboard");

  await keys.press("Tab");
  assert.equal(await focused(page), "Skip to content");
  await keys.press("Enter");
  await hasFocus(page.locator("#main"));
  await page.reload();
  await tabTo(page, "Sign out");
  await keys.press("Enter");
  await page.waitForURL("**/login");
  isAt(page, "/login");
});

journey("Tab reaches everything that can be used, in the order in which it is read, and one sees where it is", async ({ open }) => {
  const page = await open();
  let person;
  const visits = [
    () => page.goto("/login"),
    () => press(page.locator("main button.primary")),
    () => page.goto("/register"),
    () => press(page.locator("main button.primary")),
    () => page.goto("/nowhere"),
    () => page.goto("/logout"),
    () => page.goto("/recover"),
    async () => {
      person = await verified(page, "barbara");
      await signIn(await open(), person);
      await page.reload();
    },
    ...["profile", "password", "email", "sessions", "activity", "data", "delete"].map((name) => () => page.goto(`/account/${name}`)),
    () => press(page.locator("main button.primary")),
    () => page.goto("/reauth"),
    () => page.goto("/logout"),
    () => page.goto("/dev/mail"),
    () => press(page.locator(".sessions a").first()),
    () => press(page.locator("a[href$='/html']")),
    async () => {
      await page.goBack({ waitUntil: "commit" });
      await press(linkIn(page, "verify"));
    },
  ];
  for (const visit of visits) {
    await visit();
    const names = await page
      .locator(usable)
      .evaluateAll((elements) => elements.map((element, at) => `${at} ${element.innerText || element.id}`));
    const reached = [];
    for (let steps = 0; steps < names.length * 2 + 4 && reached.length < names.length; steps += 1) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate((usable) => [...document.querySelectorAll(usable)].indexOf(document.activeElement), usable);
      if (at === -1 || reached.includes(names[at])) continue;
      assert.ok(await hasRing(page), `one sees that ${names[at]} has the focus on ${page.url()}`);
      reached.push(names[at]);
    }
    // Pages that take the focus are entered in the middle: the order is the same, from there on.
    const start = names.indexOf(reached[0]);
    assert.deepEqual(reached, [...names.slice(start), ...names.slice(0, start)], `Tab on ${page.url()}`);
  }
});

/** Whatever Tab is to reach. */
const usable = "a[href], button, select, input:not([type=hidden], [hidden])";

/** What has the focus: by its name, its id or its words. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const id = element.id ? `${element.localName}#${element.id}` : element.localName;
    return element.getAttribute("aria-label") || (element.id ? id : element.innerText.trim() && element !== document.body ? element.innerText : id);
  });
}

async function tabTo(page, wanted) {
  for (let steps = 0; steps < 40; steps += 1) {
    if ((await focused(page)) === wanted) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${wanted} on ${page.url()}`);
}

function hasRing(page) {
  return page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
}
