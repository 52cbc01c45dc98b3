// From a page's form to the browser's passkeys and back; the words for what may happen stand on the form.
const form = document.querySelector("[data-passkey]");
const said = document.getElementById("passkey-said");
const link = document.querySelector("a[data-start]");
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
let running, offering;

async function ask(mediation) {
  running?.abort();
  const { signal } = (running = new AbortController());
  said.textContent = "";
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action + "/options", { method: "POST", headers: { accept: "application/json" }, body, signal });
    if (!answer.ok) throw { name: answer.status };
    const publicKey = await answer.json();
    const { user, allowCredentials = [], excludeCredentials = [] } = publicKey;
    for (const one of [...allowCredentials, ...excludeCredentials, user ?? {}]) one.id &&= decode(one.id);
    publicKey.challenge = decode(publicKey.challenge);
    const { id, type, response } = await navigator.credentials[user ? "create" : "get"]({ publicKey, mediation, signal });
    const parts = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (response[part]?.byteLength) parts[part] = encode(response[part]);
    const { credential, remember } = form.elements;
    credential.value = JSON.stringify({ id, rawId: id, type, response: parts });
    if (link) remember.value = document.getElementById("remember").checked ? "yes" : "";
    form.submit();
  } catch ({ name }) {
    if (mediation || signal.aborted) return;
    // The session or the form is over: the page itself says so.
    if (name === 401 || name === 403) location.reload();
    const { slow, busy, known, cancelled, failed } = form.dataset;
    said.textContent = name >= 500 ? busy : { 429: slow, InvalidStateError: known, NotAllowedError: cancelled }[name] ?? failed;
  }
}

function begin(event) {
  event.preventDefault();
  clearInterval(offering);
  ask();
}

if (window.PublicKeyCredential) {
  if (!link) form.hidden = !(document.getElementById("passkey-unsupported").hidden = true);
  (link ?? form).addEventListener(link ? "click" : "submit", begin);
  // Among what the browser offers for the name. A challenge is good for ten minutes.
  const offer = () => ask("conditional");
  if (link) PublicKeyCredential.isConditionalMediationAvailable?.().then((can) => can && (offering = setInterval(offer, 5e5), offer()));
}
