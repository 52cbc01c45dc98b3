// What only a script can do with codes that are shown once: copy and print them. The page works without.
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
