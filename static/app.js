// Enhancements only: every page works without this file.

// A refused form: the summary takes the focus, where the browser did not give it by `autofocus`.
const summary = document.querySelector("[data-focus]");
if (summary && !summary.autofocus) summary.focus();

// A second click waits until the page is shown again, or nothing came of the first.
const sent = new Set();
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
  setTimeout(() => sent.delete(form), 5e3);
});
addEventListener("pageshow", () => sent.clear());

// A button beside each password that shows what was typed, and hides it again before it is sent.
for (const input of document.querySelectorAll("input[data-show]")) {
  const button = document.createElement("button");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.type = "button";
  button.className = "show";
  button.textContent = input.dataset.show;
  button.setAttribute("aria-label", input.dataset.showLabel);
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => show(input.type === "password"));
  input.form.addEventListener("submit", () => show(false));
  addEventListener("pagehide", () => show(false));
  input.after(button);
  show(false);
}
