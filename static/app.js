// Enhancements only: every page works without this file.

// A refused form: the summary takes the focus, where the browser did not give it by `autofocus`.
const summary = document.querySelector("[data-focus]");
if (summary && !summary.autofocus) summary.focus();

// A form that was sent is not sent again until its page is shown again, or nothing came of it. The service would answer
// the second as the first; but a browser forgets the answer to the first, and with it how far it had come.
const sent = new Set();
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (sent.has(event.target)) return event.preventDefault();
  sent.add(event.target);
  setTimeout(() => sent.delete(event.target), 5000);
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
