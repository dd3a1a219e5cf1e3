// The demo's page asks every second how things stand, and changes only what has
// changed, so that focus, opened parts and half-written answers stay. Forms are
// sent without leaving the page. Without this script the page works by reloading.
"use strict";

const notice = document.getElementById("notice");
const shown = {}; // each part's HTML as it was last put in
let fresh = ""; // the id of what the reader changed last
let going = 0; // the timer of the notice
let lost = false; // the demo did not answer

// say shows what came of an action; what went well does not stay.
function say(words, bad) {
  notice.textContent = words;
  notice.className = bad ? "bad" : "";
  clearTimeout(going);
  if (!bad) going = setTimeout(() => say("", true), 10000);
}

// morph makes one element like another. Elements with an id are matched by it,
// others by their order. A form that stands is left alone: somebody may be writing
// in it. Whether a part is open is the reader's choice.
function morph(is, want) {
  for (const a of [...is.attributes]) {
    if (a.name !== "open" && !want.hasAttribute(a.name)) is.removeAttribute(a.name);
  }
  for (const a of want.attributes) {
    if (a.name !== "open" && is.getAttribute(a.name) !== a.value) is.setAttribute(a.name, a.value);
  }
  if (is.tagName !== "FORM") morphChildren(is, want);
}

function morphChildren(is, want) {
  const free = new Set(is.childNodes);
  const wanted = [...want.childNodes].map((next) => {
    for (const old of free) {
      if (old.nodeName === next.nodeName && (old.id || "") === (next.id || "")) {
        free.delete(old);
        return [old, next];
      }
    }
    return [next, null];
  });
  for (const old of free) old.remove();
  let here = is.firstChild;
  for (const [node, next] of wanted) {
    if (node === here) here = here.nextSibling;
    else if (next && is.moveBefore) is.moveBefore(node, here); // keeps the focus
    else is.insertBefore(node, here);
    if (!next) continue;
    if (node.nodeType === Node.ELEMENT_NODE) morph(node, next);
    else if (node.data !== next.data) node.data = next.data;
  }
}

// settle keeps what stands in its order while somebody points at it or writes in
// it; what is new comes first.
function settle(is, want) {
  if (!is.matches(":hover, :focus-within")) return;
  const place = new Map([...is.children].map((c, i) => [c.id, i]));
  const at = (c) => place.get(c.id) ?? -1;
  want.replaceChildren(...[...want.children].sort((a, b) => at(a) - at(b)));
}

function show(part, html) {
  if (shown[part] === html) return;
  shown[part] = html;
  const is = document.getElementById(part);
  const want = document.createElement("div");
  want.innerHTML = html; // made by the server's templates, which escape
  if (part === "phones") settle(is, want);
  const focus = document.activeElement;
  const row = focus && focus.closest(".visit");
  morphChildren(is, want);
  if (row && row.isConnected && !focus.isConnected) row.querySelector("summary").focus();
}

function mark() {
  for (const e of document.querySelectorAll(".fresh")) if (e.id !== fresh) e.classList.remove("fresh");
  if (fresh) document.getElementById(fresh)?.classList.add("fresh");
}

// look asks how things stand and shows it.
async function look() {
  try {
    const answer = await fetch("/state", { cache: "no-store" });
    const state = await answer.json();
    if (!answer.ok) throw new Error(state.words);
    for (const part in state.html) show(part, state.html[part]);
    mark();
    if (lost) say("", false);
    lost = false;
  } catch {
    lost = true;
    say("The demo does not answer. Has it been stopped?", true);
  }
}

async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, 1000);
}

// send sends a form and says what came of it.
async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  if (button) button.disabled = true;
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "application/json" } });
    const got = await answer.json();
    say(got.words, !answer.ok);
    if (!answer.ok) return;
    if (form.elements.body) form.elements.body.value = "";
    fresh = got.at || "";
    await look();
    const there = document.getElementById(fresh);
    if (!there) return;
    const day = there.closest("details.day");
    if (day) day.open = true;
    there.scrollIntoView({ block: "nearest" });
  } catch {
    say("That was not done: the demo did not answer.", true);
  } finally {
    if (button) button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});

keepLooking();
