import assert from "node:assert/strict";
import { confirm, letter, linkIn, signIn, signUp, somebody, verified } from "./people.mjs";
import { hasFocus, isAt, journey, password, press, says, whatIsWrongAt, words } from "./support.mjs";

journey("a visitor signs up, confirms their address, signs out and in, and sees the account", async ({ open }) => {
  const page = await open();
  await page.goto("/");
  isAt(page, "/login");
  await press(page.getByRole("link", { name: "Sign up" }));
  isAt(page, "/register");

  await page.getByLabel("Email address").fill("Ada.Lovelace@example.com");
  await page.getByLabel("Username").fill("Ada");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Display name").fill("Ada Lovelace");
  await press(page.getByRole("button", { name: "Sign up" }));

  isAt(page, "/verify");
  await says(page.locator("h1"), "Check your email");
  await says(page.getByRole("status"), "Almost there. One step left.");
  await page.reload();
  assert.equal(await page.getByRole("status").count(), 0, "a notice is told once");

  await confirm(page, { email: "Ada.Lovelace@example.com" });
  await page.goto("/dashboard");
  await press(page.getByRole("button", { name: "Sign out" }));
  isAt(page, "/login");
  await page.getByLabel("Username or email").fill("ada.lovelace@example.com");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await press(page.getByRole("button", { name: "Sign in" }));

  isAt(page, "/dashboard");
  assert.equal(await page.title(), `${words("en")("dashboard-title")} – Vestibule`);
  await says(page.locator("h1"), "Ada Lovelace");
  for (const fact of ["ada", "Ada Lovelace", "Ada.Lovelace@example.com"]) {
    await page.getByRole("main").getByText(fact, { exact: true }).first().waitFor();
  }
  assert.equal(await page.locator("a.row[href='/account/sessions']").count(), 1);
  await page.getByText("This browser").waitFor();

  for (const entrance of ["/", "/login", "/register"]) {
    await page.goto(entrance);
    isAt(page, "/dashboard");
  }
});

journey("a wrong password keeps the name that was typed, never the password, and the focus is on what is wrong", async ({ open }) => {
  const page = await open();
  const person = await verified(await open(), "grace");
  await signIn(page, { ...person, password: "not the right password" }, { remember: true });

  isAt(page, "/login");
  assert.equal(await page.title(), "Error: Sign in – Vestibule");
  const summary = page.getByRole("alert", { name: "There is a problem" });
  await summary.waitFor();
  await hasFocus(summary);
  assert.equal(await page.locator("#identifier").inputValue(), person.username);
  assert.equal(await page.locator("#remember").isChecked(), true);
  assert.equal(await page.locator("#password").inputValue(), "");
  assert.ok(!(await page.content()).includes("not the right password"));

  const refused = "Wrong username, email or password. Try again, or reset your password.";
  assert.deepEqual(await whatIsWrongAt(page, "identifier"), [refused]);
  assert.deepEqual(await whatIsWrongAt(page, "password"), [refused]);
  await summary.getByRole("link").click();
  await hasFocus(page.locator("#identifier"));

  await page.locator("#password").fill(password);
  await press(page.getByRole("button", { name: "Sign in" }));
  isAt(page, "/dashboard");
});

journey("a name without an account is refused in the words of a wrong password", async ({ open }) => {
  const person = await verified(await open(), "edsger");
  const answers = [];
  for (const identifier of [person.username, "nobody-of-that-name"]) {
    const page = await open();
    await signIn(page, { username: identifier, password: "not the right password" });
    await page.getByRole("alert").waitFor();
    await page.locator("#identifier").fill("");
    const main = await page.locator("main").innerHTML();
    answers.push(main.replace(/name="csrf_token" value="[^"]*"/g, "").replaceAll(`"${identifier}"`, '"…"'));
  }
  assert.equal(answers[0], answers[1]);
});

journey("an empty sign-in form names each field that is missing", async ({ open }) => {
  const page = await open();
  await page.goto("/login");
  await press(page.getByRole("button", { name: "Sign in" }));
  assert.deepEqual(await whatIsWrongAt(page, "identifier"), ["Enter your username or email."]);
  assert.deepEqual(await whatIsWrongAt(page, "password"), ["Enter your password."]);
  assert.equal(await page.getByRole("alert").getByRole("link").count(), 2);
});

journey("every mistake on the sign-up form is named at its field, and the summary leads there", async ({ open }) => {
  const page = await open();
  await page.goto("/register");
  await page.locator("#email").fill("not an address");
  await page.locator("#username").fill("a!");
  await page.locator("#password").fill("short");
  await page.locator("#display_name").fill("x".repeat(500));
  await press(page.getByRole("button", { name: "Sign up" }));

  isAt(page, "/register");
  assert.equal(await page.title(), "Error: Sign up – Vestibule");
  await hasFocus(page.getByRole("alert"));
  const problems = {
    email: "Enter an email address like name@example.com.",
    username: "Use only a–z, 0–9, dots, hyphens and underscores.",
    password: "Choose a password of at least 12 characters.",
    display_name: "Use at most 64 characters for your display name.",
  };
  for (const [name, problem] of Object.entries(problems)) {
    assert.equal((await whatIsWrongAt(page, name))[0], problem);
    await page.getByRole("alert").getByRole("link", { name: problem }).click();
    await hasFocus(page.locator(`#${name}`));
  }
  assert.equal(await page.locator("#email").inputValue(), "not an address");
  assert.equal(await page.locator("#username").inputValue(), "a!");
  assert.equal(await page.locator("#password").inputValue(), "");

  // One mistake less: the others stay named, the mended field is quiet.
  const person = somebody("barbara");
  await page.locator("#email").fill(person.email);
  await page.locator("#username").fill(person.username);
  await page.locator("#display_name").fill("");
  await page.locator("#password").fill("short");
  await press(page.getByRole("button", { name: "Sign up" }));
  await page.getByRole("alert").waitFor();
  assert.equal(await page.locator("[aria-invalid]").count(), 1);
  await page.locator("#password").fill(password);
  await press(page.getByRole("button", { name: "Sign up" }));
  isAt(page, "/verify");
});

journey("a taken username is said at its field", async ({ open }) => {
  const page = await open();
  const person = somebody("donald");
  await signUp(page, person);
  await signUp(page, { ...person, email: "another-donald@example.com", username: person.username.toUpperCase() });
  isAt(page, "/register");
  assert.equal((await whatIsWrongAt(page, "username"))[0], "That username is taken. Choose a different one.");
});

journey("a taken e-mail address leads to the same page as a new one, and its owner is told by mail", async ({ open }) => {
  const owner = await verified(await open(), "linus");
  const late = { ...owner, username: `${owner.username}-too` };
  const answers = [];
  for (const visitor of [somebody("linus"), late]) {
    const page = await open();
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await signUp(page, visitor);
    const response = await answered;
    isAt(page, "/verify");
    const headers = await response.headersArray();
    const shown = await page.locator("main").innerHTML();
    answers.push({
      status: response.status(),
      headers: headers
        .filter(({ name }) => name.toLowerCase() !== "date")
        .map(({ name, value }) => [name, value.replace(/(?<=^vestibule_browser=)[\w-]{22}(?=;)/, "…")]),
      shown: shown.replace(/name="csrf_token" value="[^"]*"/g, "").replaceAll(visitor.email, "…"),
    });
  }
  assert.deepEqual(answers[0], answers[1]);

  // Signing in tells no more than that: one waits for the letter, and only the owner has one.
  const page = await open();
  await signIn(page, late);
  isAt(page, "/verify");
  const told = await letter(await open(), owner.email, "taken");
  await says(told.locator("h1"), "You already have an account at Vestibule");
  await press(linkIn(told, "taken"));
  await signIn(told, owner);
  isAt(told, "/dashboard");
});

journey("a visitor who is sent to sign in comes back to the page they asked for", async ({ open }) => {
  const page = await open();
  const person = await verified(await open(), "tony");
  await page.goto("/dashboard?from=a-mail&and=more");
  isAt(page, "/login?next=/dashboard?from=a-mail%26and=more");

  // Neither a mistake nor another language loses the way.
  await page.locator("#identifier").fill(person.username);
  await page.locator("#password").fill("not the right password");
  await press(page.getByRole("button", { name: "Sign in" }));
  await page.getByRole("alert").waitFor();
  await page.locator("#password").fill(password);
  await press(page.getByRole("button", { name: "Sign in" }));
  isAt(page, "/dashboard?from=a-mail&and=more");
});

journey("a link to sign in never leads to another site", async ({ open }) => {
  for (const next of ["//example.org/", "https://example.org/", "/\\example.org", "javascript:alert(1)", "/%09/example.org"]) {
    const page = await open();
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    assert.equal(await page.locator("main [name=next]").count(), 0, next);
  }
  const page = await open();
  const person = await verified(page, "niklaus");
  await page.context().clearCookies();
  await page.goto("/login?next=//example.org/");
  await page.locator("#identifier").fill(person.username);
  await page.locator("#password").fill(password);
  await press(page.getByRole("button", { name: "Sign in" }));
  isAt(page, "/dashboard");
});

journey("what was typed as a password can be shown, and is hidden again before it is sent", async ({ open }) => {
  const page = await open();
  for (const path of ["/login", "/register"]) {
    await page.goto(path);
    const field = page.locator("#password");
    const button = page.getByRole("button", { name: "Show password" });
    await field.fill("what I typed");
    assert.equal(await field.getAttribute("type"), "password");
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    await button.click();
    assert.equal(await field.getAttribute("type"), "text");
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    assert.equal(await field.inputValue(), "what I typed");
    // The form is kept from leaving, to see in which state it would.
    await page.locator("main form").first().evaluate((form) => form.addEventListener("submit", (event) => event.preventDefault()));
    await page.locator("main button.primary").click();
    assert.equal(await field.getAttribute("type"), "password");
    isAt(page, path);
  }
});

journey("a form that was open while its visitor signed in elsewhere is refused in words and nothing is lost", async ({ open }) => {
  const old = await open();
  const person = await verified(await open(), "margaret");
  await old.goto("/register");
  const other = await old.context().newPage();
  await signIn(other, person);
  isAt(other, "/dashboard");

  await old.locator("#email").fill("later@example.com");
  await old.locator("#username").fill("later");
  await old.locator("#password").fill(password);
  await press(old.getByRole("button", { name: "Sign up" }));
  await says(old.locator("h1"), "This page was open too long");
  await press(old.getByRole("link", { name: "Try again" }));
  isAt(old, "/dashboard");
});
