import assert from "node:assert/strict";
import { confirm, somebody } from "./people.mjs";
import { isAt, journey, password, press, says, whatIsWrongAt } from "./support.mjs";

journey("a browser that asks for Korean gets Korean, from sign-up to sign-out", async ({ open }) => {
  const page = await open({ locale: "ko-KR" });
  const person = somebody("minji");
  await page.goto("/");
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  assert.equal(await page.title(), "로그인 – Vestibule");
  await press(page.getByRole("link", { name: "회원가입" }));

  await page.getByLabel("이메일").fill(person.email);
  await page.getByLabel("아이디").fill(person.username);
  await page.getByLabel("비밀번호", { exact: true }).fill("짧아요");
  await page.getByLabel("닉네임").fill("김민지");
  await press(page.getByRole("button", { name: "회원가입" }));
  assert.equal(await page.title(), "오류: 회원가입 – Vestibule");
  assert.equal((await whatIsWrongAt(page, "password"))[0], "비밀번호를 12자 이상 입력해 주세요.");
  assert.equal(await page.getByLabel("닉네임").inputValue(), "김민지");

  const secret = "서로 관련 없는 단어 몇 개";
  await page.getByLabel("비밀번호", { exact: true }).fill(secret);
  await press(page.getByRole("button", { name: "회원가입" }));
  isAt(page, "/verify");
  await says(page.locator("h1"), "인증 메일을 확인해 주세요");
  await says(page.getByRole("status"), "거의 다 됐어요. 한 단계만 남았어요.");
  await confirm(page, person);
  await page.goto("/dashboard");
  await press(page.getByRole("button", { name: "로그아웃" }));
  isAt(page, "/login");

  await page.getByLabel("아이디 또는 이메일").fill(person.username);
  // The same password as another keyboard sends it: decomposed.
  await page.getByLabel("비밀번호", { exact: true }).fill(secret.normalize("NFD"));
  await press(page.getByRole("button", { name: "로그인", exact: true }));
  isAt(page, "/dashboard");
  await says(page.locator("h1"), "김민지 님");
  await page.getByRole("banner").getByText("김민지").waitFor();
  await press(page.getByRole("button", { name: "로그아웃" }));
  await says(page.getByRole("status"), "로그아웃했어요.");
});

journey("the language switch leads back to the same page and is remembered", async ({ open }) => {
  const page = await open({ locale: "ko-KR" });
  await page.goto("/login?next=/dashboard?from=a-mail");
  await press(page.getByRole("button", { name: "English" }));
  isAt(page, "/login?next=/dashboard?from=a-mail");
  await says(page.locator("h1"), "Sign in");
  assert.equal(await page.locator("html").getAttribute("lang"), "en");

  const { cookies } = await page.context().storageState();
  const kept = cookies.filter((cookie) => cookie.expires !== -1);
  const later = await open({ locale: "ko-KR", storageState: { cookies: kept, origins: [] } });
  await later.goto("/register");
  await says(later.locator("h1"), "Sign up");
  await press(later.getByRole("button", { name: "한국어" }));
  await says(later.locator("h1"), "회원가입");
  await later.reload();
  await says(later.locator("h1"), "회원가입");
});

journey("the language can be changed on a page that shows a mistake", async ({ open }) => {
  const page = await open();
  await page.goto("/login");
  await page.locator("#identifier").fill("somebody");
  await page.locator("#password").fill(password);
  await press(page.getByRole("button", { name: "Sign in" }));
  await page.getByRole("alert").waitFor();
  await press(page.getByRole("button", { name: "한국어" }));
  isAt(page, "/login");
  await says(page.locator("h1"), "로그인");
});

journey("a browser that asks for a language we do not have gets English", async ({ open }) => {
  const page = await open({ locale: "fr-FR" });
  await page.goto("/login");
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
});

journey("a language switch that is no longer valid leads back to a page, not to a dead end", async ({ open }) => {
  const page = await open();
  await page.goto("/register");
  await page.context().clearCookies();
  await press(page.getByRole("button", { name: "한국어" }));
  await says(page.locator("h1"), "This page was open too long");
  await press(page.getByRole("link", { name: "Try again" }));
  await page.locator("main form").first().waitFor();
  await press(page.getByRole("button", { name: "한국어" }));
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
});
