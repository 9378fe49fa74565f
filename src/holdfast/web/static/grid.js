// A day's timeline by keys: one stop for Tab, arrows from there. Without this every entry is a link of its own.

const BOARD = ".board", LINE = ".line", PLACE = "li:is(.entry, .gap)";
const wanted = () => localStorage.getItem("keys") !== "off";
const cells = (line) =>
  [...line.querySelectorAll(`${PLACE} a[href]`)].sort((a, b) => middle(a) - middle(b));
const lines = (board) => [...board.querySelectorAll(LINE)].filter((line) => cells(line).length);

function middle(link) {
  const box = link.closest(PLACE).getBoundingClientRect();
  return (box.left + box.right) / 2;
}

const nearest = (links, from) =>
  links.reduce((best, link) => (Math.abs(middle(link) - from) < Math.abs(middle(best) - from) ? link : best));

function along(here, by) {
  const links = cells(here.closest(LINE));
  return links[links.indexOf(here) + by];
}

function across(here, by) {
  const rows = lines(here.closest(BOARD));
  const next = rows[rows.indexOf(here.closest(LINE)) + by];
  return next && nearest(cells(next), middle(here));
}

// What is in conflict, still sold elsewhere or occupied by nobody knows whom, from the top left to the bottom right.
function problem(here, by) {
  const links = lines(here.closest(BOARD)).flatMap(cells);
  const wrong = links.filter((link) => link.closest(":is(.clash, .exposure, .occupied)"));
  const place = links.indexOf(here);
  return by > 0
    ? wrong.find((link) => links.indexOf(link) > place)
    : wrong.findLast((link) => links.indexOf(link) < place);
}

const MOVES = {
  ArrowLeft: (here) => along(here, -1),
  ArrowRight: (here) => along(here, 1),
  ArrowUp: (here) => across(here, -1),
  ArrowDown: (here) => across(here, 1),
  Home: (here) => cells(here.closest(LINE))[0],
  End: (here) => cells(here.closest(LINE)).at(-1),
};
const FAR = { ArrowUp: (here) => problem(here, -1), ArrowDown: (here) => problem(here, 1) };
const OPENS = { w: why, n: add };

function why(here) {
  const asked = new URLSearchParams({ unit: here.closest(LINE).dataset.unit });
  for (const name of ["from", "to"]) asked.set(name, here.closest(PLACE).dataset[name]);
  location.assign(`${here.closest(BOARD).dataset.why}&${asked}`);
}

function add(here) {
  const link = here.closest(".gap") ? here : document.querySelector("a.add");
  if (link) location.assign(link.href);
}

// Tab comes back to where one was.
function stop(board, link) {
  for (const one of board.querySelectorAll(`${PLACE} a[href]`)) one.tabIndex = -1;
  board.tabIndex = -1;
  link.tabIndex = 0;
}

document.addEventListener("keydown", (event) => {
  const here = event.target.closest?.(`${BOARD} ${PLACE} a[href]`);
  if (!here || event.metaKey || event.altKey || event.shiftKey || !wanted()) return;
  const move = (event.ctrlKey ? FAR : MOVES)[event.key];
  if (move) {
    event.preventDefault();
    move(here)?.focus();
  } else if (!event.ctrlKey) OPENS[event.key]?.(here);
});

document.addEventListener("focusin", (event) => {
  const link = event.target.closest?.(`${BOARD} ${PLACE} a[href]`);
  if (link && wanted()) stop(link.closest(BOARD), link);
});

for (const board of wanted() ? document.querySelectorAll(BOARD) : []) {
  const first = lines(board)[0];
  if (first) stop(board, cells(first)[0]);
}
