// Keeps an open page current. The stream only says that something changed; the page is fetched from its own address
// and what differs is changed in place, so that focus, selection, scrolling, opened details and whatever was typed
// stay. Nothing here is needed to read the page.
/* global Idiomorph */

const POLL = 15000, LOST = 10000, DIM = 60000, SILENT = 40000, REST = 400, PATIENCE = 8000, ANNOUNCE = 10000;
const at = (id) => document.getElementById(id);
const main = at("main");
const topics = (main.dataset.live ?? "").trim();

const state = {
  paused: sessionStorage.getItem("paused") === "1",
  ended: false,
  source: null,
  heard: 0,
  lost: 0, // since when the stream says nothing; 0: it does
  good: Date.now(),
  tried: Date.now(),
  failed: false,
  busy: false,
  again: false,
  all: false, // the next one shows everything, whatever is being read
  said: 0,
  toSay: "",
  verdict: verdict(),
};

const running = () => topics && !state.paused && !state.ended && !document.hidden;

// --- hearing that something changed

function listen() {
  if (!running() || state.source) return;
  const source = new EventSource(`/ui/stream?topics=${encodeURIComponent(topics)}`);
  const on = (name, act) => source.addEventListener(name, () => { state.heard = Date.now(); act?.(); });
  state.source = source;
  state.heard = Date.now();
  on("ping");
  on("blind", lose);
  for (const name of ["hello", "resync"]) on(name, () => { state.lost = 0; refresh(); });
  for (const topic of topics.split(",")) on(topic, refresh);
  on("bye", end);
  source.onerror = () => {
    lose();
    if (source.readyState === EventSource.CLOSED) hangUp(); // refused: asked again with the next poll
  };
}

function hangUp() {
  state.source?.close();
  state.source = null;
}

function lose() {
  state.lost ||= Date.now();
}

function end() {
  state.ended = true;
  hangUp();
  tell();
}

// Each second: what the stream may have missed, whether it is still there, and how old all this is.
function tick() {
  const now = Date.now();
  if (!running()) return;
  if (state.source && now - state.heard > SILENT) {
    lose();
    hangUp();
  }
  if (now - state.tried > POLL) {
    listen();
    refresh();
  }
  if (state.toSay && now - state.said > ANNOUNCE) say();
  tell();
}

// --- fetching and showing it

async function refresh() {
  if (!running()) return;
  if (state.busy) {
    state.again = true;
    return;
  }
  state.busy = true;
  const began = performance.now();
  state.tried = Date.now();
  try {
    const fresh = await page();
    if (fresh && running()) {
      show(fresh);
      state.good = Date.now();
    }
    state.failed = false;
  } catch {
    state.failed = true;
  }
  tell();
  setTimeout(rested, Math.max(REST, 5 * (performance.now() - began))); // a slow server is asked less
}

function rested() {
  state.busy = false;
  if (!state.again) return;
  state.again = false;
  refresh();
}

async function page() {
  const answer = await fetch(location.href, {
    headers: { Accept: "text/html" },
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
    end();
    return null;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function show(fresh) {
  const next = fresh.getElementById("main");
  for (const tree of [main, next]) name(tree);
  const news = state.all ? "" : hold(next);
  state.all = false;
  staying(() => Idiomorph.morph(main, [...next.childNodes], { morphStyle: "innerHTML", callbacks: CALLBACKS }));
  const bar = document.querySelector(".top nav"), counts = fresh.querySelector(".top nav");
  if (bar && counts) Idiomorph.morph(bar, [...counts.childNodes], { morphStyle: "innerHTML", callbacks: CALLBACKS });
  main.dataset.at = next.dataset.at;
  document.title = fresh.title;
  at("news").hidden = !news;
  if (at("news").textContent !== news) {
    at("news").textContent = news;
    state.toSay = news;
  }
  if (verdict() !== state.verdict) state.toSay = state.verdict = verdict();
}

// Rows are known by their keys; one key may stand in several rows of a table, so the row's own is put before it.
function name(tree) {
  for (const one of tree.querySelectorAll("[data-key]")) {
    one.id ||= `${one.parentElement.closest("[data-key]")?.id ?? ""}/${one.dataset.key}`;
  }
}

// A list that somebody reads keeps its rows where they are; what they say is still brought up to date.
function hold(next) {
  let come = 0, gone = 0;
  const lists = next.querySelectorAll("[data-list]");
  for (const [place, list] of main.querySelectorAll("[data-list]").entries()) {
    const shown = [...list.children], fresh = [...(lists[place]?.children ?? [])];
    const same = shown.length === fresh.length && shown.every((row, i) => row.id === fresh[i].id);
    if (same || !lists[place] || !shown.length || !isRead(list)) continue;
    const rows = new Map(fresh.map((row) => [row.id, row]));
    come += fresh.filter((row) => !shown.some((one) => one.id === row.id)).length;
    gone += shown.filter((row) => !rows.has(row.id)).length;
    lists[place].replaceChildren(...shown.map((row) => rows.get(row.id) ?? row.cloneNode(true)));
  }
  if (come) return `${come} new, press .`;
  return gone ? `${gone} gone, press .` : "";
}

function isRead(list) {
  const chosen = getSelection();
  const selected = chosen.rangeCount && !chosen.isCollapsed && chosen.getRangeAt(0).intersectsNode(list);
  const box = list.getBoundingClientRect();
  return selected || list.contains(document.activeElement) || (box.top < 0 && box.bottom > 0);
}

// Whatever is above may grow: what has the focus, else what is at the top of the window, stays where it is.
function staying(change) {
  const focused = main.contains(document.activeElement) ? document.activeElement : null;
  const anchor = focused ?? (scrollY > 0 ? firstInSight() : null);
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (!anchor?.isConnected) return;
  const moved = anchor.getBoundingClientRect().top - before;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

const firstInSight = () =>
  [...main.querySelectorAll("[data-key], h1, h2, h3, p")].find((one) => {
    const box = one.getBoundingClientRect();
    return box.height > 0 && box.top >= 0;
  });

const TYPED = new Set(["value", "checked", "selected", "tabindex"]); // the last one: where the keys are
const CALLBACKS = {
  beforeAttributeUpdated: (name, one) =>
    !(TYPED.has(name) || (name === "open" && (one.localName === "details" || one.localName === "dialog"))),
  beforeNodeMorphed: (now, next) => !now.isEqualNode(next),
  afterNodeAdded: (one) => { if (one.dataset?.key) one.classList.add("fresh"); },
};

// --- saying how things stand

function verdict() {
  return main.querySelector("[data-tell]")?.textContent ?? "";
}

function say() {
  at("announce").textContent = state.toSay;
  state.toSay = "";
  state.said = Date.now();
}

const text = (id, words) => { if (at(id).textContent !== words) at(id).textContent = words; };

function tell() {
  const age = Date.now() - state.good, asOf = `${main.dataset.at.slice(11, 19)} UTC`;
  const since = state.lost || (state.failed ? state.good : 0);
  const lost = !state.paused && since > 0 && Date.now() - since > LOST;
  at("lost").hidden = !(lost || state.ended);
  if (state.ended) text("lost", `You are signed out: this is as of ${asOf}. Reload to sign in.`);
  else if (lost) text("lost", `Live updates lost, data as of ${asOf}. Asking again each 15 s.`);
  document.body.classList.toggle("stale", !state.paused && age > DIM);
  text("updated", state.paused || state.ended ? `as of ${asOf}` : `updated ${Math.round(age / 1000)} s ago`);
  at("go").setAttribute("aria-pressed", String(!state.paused));
  at("pause").setAttribute("aria-pressed", String(state.paused));
}

// --- the reader's wishes

function setPaused(paused) {
  state.paused = paused;
  sessionStorage.setItem("paused", paused ? "1" : "0");
  state.lost = 0;
  if (paused) hangUp();
  else listen();
  tell();
}

function showAll() {
  state.all = true;
  document.activeElement?.blur();
  refresh();
  main.querySelector("[data-list]")?.closest("section, .card, main").scrollIntoView({ block: "start" });
}

// Once, on opening: a day that is wider than the screen begins shortly before now.
for (const board of document.querySelectorAll(".board")) {
  const tip = board.querySelector(".tip");
  if (tip) board.scrollLeft = tip.offsetLeft - 120;
}

if (topics) {
  at("control").hidden = false;
  at("go").addEventListener("click", () => setPaused(false));
  at("pause").addEventListener("click", () => setPaused(true));
  at("news").addEventListener("click", showAll);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hangUp();
    else listen();
  });
  setInterval(tick, 1000);
  tell();
  listen();
}
