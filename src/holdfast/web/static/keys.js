// The keyboard: single keys, never while somebody types, and only as long as they are wanted.

const GO = { o: "/", s: "/ops", k: "/venues", b: "/bookings", c: "/conflicts", e: "/events", p: "/pushes" };
const ROWS = "main :is(tbody tr, .clash, .agenda .item, [data-row])";
const SEARCH = ["[type=search]", "main .filters input[type=text]", "main .filters :is(input, select)"];
const at = (id) => document.getElementById(id);
const wanted = () => localStorage.getItem("keys") !== "off";
let before = "";

const PRESSED = {
  "/": () => SEARCH.map((one) => document.querySelector(one)).find(Boolean)?.focus(),
  j: () => step(1),
  k: () => step(-1),
  ".": () => { if (!at("news").hidden) at("news").click(); },
  r: () => at(at("pause").getAttribute("aria-pressed") === "true" ? "go" : "pause").click(),
  t: () => nextTheme(),
  "?": () => at("keys").showModal(),
};

// From row to row by their first links, so that Enter opens and nothing has to be drawn anew.
function step(by) {
  const links = [...document.querySelectorAll(ROWS)].map((row) => row.querySelector("a[href]"));
  const shown = links.filter((link) => link?.checkVisibility());
  const here = shown.findIndex((link) => link.closest(ROWS).contains(document.activeElement));
  shown[here < 0 ? 0 : Math.min(Math.max(here + by, 0), shown.length - 1)]?.focus();
}

function go(key) {
  if (GO[key]) location.assign(GO[key]);
}

function nextTheme() {
  const choices = [...document.querySelectorAll(".theme button")];
  const chosen = choices.findIndex((one) => one.getAttribute("aria-pressed") === "true");
  choices[(chosen + 1) % choices.length]?.click();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable], dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !wanted()) return;
  const led = before === "g";
  before = event.key === "g" && !led ? "g" : "";
  if (led) go(event.key);
  else if (event.key in PRESSED) {
    event.preventDefault();
    PRESSED[event.key]();
  }
});

at("help").hidden = false;
at("help").addEventListener("click", PRESSED["?"]);
at("keys-on").checked = wanted();
at("keys-on").addEventListener("change", () => localStorage.setItem("keys", at("keys-on").checked ? "on" : "off"));
