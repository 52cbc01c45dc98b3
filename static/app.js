// Enhancements only: every page works without this file.

// A refused form: the summary takes the focus, where the browser did not give it by `autofocus`.
const summary = document.querySelector("[data-focus]");
if (summary && !summary.autofocus) summary.focus();

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

// What only a script can do with codes that are shown once: copy and print them.
for (const place of document.querySelectorAll("[data-copies]")) {
  const { copies, copy, copied, print: onPaper } = place.dataset;
  const add = (label, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => act(button));
    place.append(button);
  };
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  if (navigator.clipboard) add(copy, async () => {
    const codes = document.getElementById(copies).children;
    await navigator.clipboard.writeText(Array.from(codes, (code) => code.textContent.trim()).join("\n"));
    said.textContent = copied;
  });
  add(onPaper, () => print());
  place.append(said);
}
