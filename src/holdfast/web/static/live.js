// Keeps the page current: fetches its main part every two seconds and changes only what differs, so that
// focus, selection, scrolling and opened details stay. Nothing here is needed to read the page.

const EVERY = 2000, LATER = 15000, LOST = 10000, DIM = 60000, ANNOUNCE = 10000;
const at = (id) => document.getElementById(id);

const state = {
  paused: sessionStorage.getItem("paused") === "1",
  good: Date.now(),
  failures: 0,
  told: 0,
  verdict: at("verdict").textContent,
  timer: 0,
  asOf: at("now").dataset.at,
};

function schedule(wait) {
  clearTimeout(state.timer);
  if (!state.paused && !document.hidden) state.timer = setTimeout(refresh, wait);
}

async function refresh() {
  try {
    const answer = await fetch(`${at("now").dataset.part}${location.search}`, { signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("now");
    if (!state.paused) show(fresh);
    state.failures = 0;
    state.good = Date.now();
  } catch {
    state.failures += 1;
  }
  tell();
  schedule(state.failures ? Math.min(LATER, EVERY * 2 ** state.failures) : EVERY);
}

function show(fresh) {
  document.title = fresh.dataset.title;
  state.asOf = fresh.dataset.at;
  morph(at("now"), fresh);
  const verdict = at("verdict").textContent;
  if (verdict !== state.verdict && Date.now() - state.told > ANNOUNCE) {
    at("announce").textContent = verdict;
    state.verdict = verdict;
    state.told = Date.now();
  }
}

// Makes `now` look like `next` with the fewest changes; children with a key are found again by it.
function morph(now, next) {
  if (now.isEqualNode(next)) return;
  if (now.nodeType !== Node.ELEMENT_NODE) {
    now.data = next.data;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && !(name === "open" && now.localName === "details")) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  morphChildren(now, next);
}

function morphChildren(now, next) {
  const keyed = new Map([...now.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let place = now.firstChild;
  for (const child of [...next.childNodes]) {
    const same = keyOf(child) ? keyed.get(keyOf(child)) : place && alike(place, child) ? place : null;
    if (same) {
      if (same === place) place = place.nextSibling;
      else now.insertBefore(same, place);
      morph(same, child);
    } else {
      if (keyOf(child)) child.classList.add("fresh");
      now.insertBefore(child, place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

const keyOf = (node) => node.dataset?.key;
const alike = (one, other) => one.nodeName === other.nodeName && !keyOf(one) && !keyOf(other);

function tell() {
  const silence = Date.now() - state.good;
  const lost = !state.paused && state.failures > 0 && silence > LOST;
  at("lost").hidden = !lost;
  if (lost) at("lost").textContent = `Live updates lost, data as of ${state.asOf.slice(11, 19)} UTC. Trying again.`;
  document.body.classList.toggle("stale", lost && silence > DIM);
  at("updated").textContent = state.paused
    ? `as of ${state.asOf.slice(11, 19)} UTC`
    : `updated ${Math.round(silence / 1000)} s ago`;
  at("go").setAttribute("aria-pressed", String(!state.paused));
  at("pause").setAttribute("aria-pressed", String(state.paused));
}

function setPaused(paused) {
  state.paused = paused;
  sessionStorage.setItem("paused", paused ? "1" : "0");
  clearTimeout(state.timer);
  tell();
  if (!paused) refresh();
}

// Once, on opening: a day that is wider than the screen begins shortly before now.
for (const board of document.querySelectorAll(".board")) {
  const tip = board.querySelector(".tip");
  if (tip) board.scrollLeft = tip.offsetLeft - 120;
}

at("control").hidden = false;
at("go").addEventListener("click", () => setPaused(false));
at("pause").addEventListener("click", () => setPaused(true));
document.addEventListener("visibilitychange", () => schedule(0));
setInterval(() => { if (!document.hidden) tell(); }, 1000);
tell();
schedule(EVERY);
