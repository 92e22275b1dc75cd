// Tables that can be sorted and filtered, and figures that say what is pointed at. Without it the page is whole too.
"use strict";
const NOTHING = "–";
const FIRST = 100; // rows that are drawn until all are asked for, as page.css has it: thousands take seconds
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
// temperature=1.0 and temperature=1 are one word
const wordOf = (text) => text.replace(/(?<==)\d[\d.]*$/, (digits) => parseFloat(digits));
const wordsOf = (text) => text.toLowerCase().split(/[,;:]?\s+/).filter(Boolean).map(wordOf);

for (const table of document.querySelectorAll(".interactive > table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((row) => {
    const cells = [...row.cells].map((cell) => cell.textContent);
    return { row, cells, words: cells.flatMap(wordsOf) };
  });
  const known = new Set(rows.flatMap((each) => each.words));
  let order = rows;
  let most = FIRST;

  const sorted = (column, down) => {
    const numeric = heads[column].classList.contains("n");
    const key = ({ cells }) => (numeric ? parseFloat(cells[column].replaceAll(",", "")) : cells[column]);
    const isMissing = (value) => (numeric ? Number.isNaN(value) : value === NOTHING);
    const compare = numeric ? (one, other) => one - other : inOrder;
    const keyed = rows.map((each) => [key(each), each]);
    const there = keyed.filter(([value]) => !isMissing(value));
    const missing = keyed.filter(([value]) => isMissing(value)); // last, either way
    there.sort(([one], [other]) => (down ? compare(other, one) : compare(one, other)));
    return [...there, ...missing].map(([, each]) => each);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const [first, ...others] = head.textContent.split(/(?<=_)/); // joules_per_token over 0.25 needs not all its width
    button.append(first, ...others.flatMap((part) => [document.createElement("wbr"), part]));
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      order = sorted(column, down);
      body.append(...order.map(({ row }) => row));
      table.parentElement.scrollTop = 0;
      show();
    });
  });

  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "filter, as gemma3 num_ctx=2048";
  field.setAttribute("aria-label", `Filter: ${table.caption.textContent}`);
  const counted = document.createElement("output");
  const more = document.createElement("button");
  more.type = "button";
  more.textContent = "Show all";
  const show = () => {
    // num_ctx=2048 is that alone, and not 20480 as well; what no cell has as a word is looked for inside words
    const wanted = wordsOf(field.value).map((word) =>
      word.includes("=") && known.has(word) ? (words) => words.includes(word) : (words) => words.some((each) => each.includes(word)),
    );
    let count = 0;
    for (const { row, words } of order) {
      row.hidden = !wanted.every((isIn) => isIn(words));
      count += !row.hidden;
      row.classList.toggle("later", count > most);
    }
    counted.textContent = `${count} of ${rows.length}${count > most ? `, the first ${most} are shown` : ""}`;
    more.hidden = count <= most;
  };
  field.addEventListener("input", show);
  more.addEventListener("click", () => {
    most = Infinity;
    show();
  });
  show();
  table.parentElement.classList.add("ready");
  const bar = document.createElement("p");
  bar.className = "filter";
  bar.append(field, " ", counted, " ", more);
  table.parentElement.before(bar);
}

for (const chart of document.querySelectorAll("figure > svg")) {
  const dots = [...chart.querySelectorAll("circle")].filter((dot) => dot.querySelector("title"));
  if (!dots.length) continue;
  const across = (dot) => parseFloat(dot.getAttribute("cx"));
  dots.sort((one, other) => across(one) - across(other));
  const said = document.createElement("output");
  said.className = "pointed";
  said.textContent = "Point at a dot to see its trial, or step from dot to dot with the arrow keys.";
  chart.after(said);
  chart.setAttribute("role", "group");
  let at = 0; // the one dot that Tab stops at, as a thousand stops would be a wall
  const say = (place) => {
    dots[at].tabIndex = -1;
    at = place;
    dots[at].tabIndex = 0;
    said.textContent = dots[at].querySelector("title").textContent;
  };
  dots.forEach((dot, place) => {
    dot.tabIndex = place === at ? 0 : -1;
    dot.setAttribute("role", "img");
    for (const kind of ["pointerenter", "focus"]) dot.addEventListener(kind, () => say(place));
  });
  chart.addEventListener("keydown", (event) => {
    const next = dots[at + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
