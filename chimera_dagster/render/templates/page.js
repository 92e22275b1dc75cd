// Tables that can be sorted and filtered, and charts that name the dot that is pointed at. The page is complete without.
"use strict";
const NOTHING = "–";
const FIRST = 100; // rows shown until all are requested, as in page.css: drawing thousands takes seconds
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
// temperature=1.0 and temperature=1 are the same word
const wordOf = (text) => text.replace(/(?<==)\d[\d.]*$/, (digits) => parseFloat(digits));
const wordsOf = (text) => text.toLowerCase().split(/[,;:]?\s+/).filter(Boolean).map(wordOf);

for (const table of document.querySelectorAll(".interactive > table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((row) => {
    const cells = [...row.cells].map((cell) => cell.textContent);
    return { row, cells, words: cells.flatMap(wordsOf) };
  });
  const known = new Set(rows.flatMap((entry) => entry.words));
  let order = rows;
  let limit = FIRST;

  const sorted = (column, isDescending) => {
    const numeric = heads[column].classList.contains("n");
    const key = ({ cells }) => (numeric ? parseFloat(cells[column].replaceAll(",", "")) : cells[column]);
    const isMissing = (value) => (numeric ? Number.isNaN(value) : value === NOTHING);
    const compare = numeric ? (a, b) => a - b : inOrder;
    const keyed = rows.map((entry) => [key(entry), entry]);
    const present = keyed.filter(([value]) => !isMissing(value));
    const missing = keyed.filter(([value]) => isMissing(value)); // last in both directions
    present.sort(([a], [b]) => (isDescending ? compare(b, a) : compare(a, b)));
    return [...present, ...missing].map(([, entry]) => entry);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const [first, ...others] = head.textContent.split(/(?<=_)/); // a long name over short numbers may break
    button.append(first, ...others.flatMap((part) => [document.createElement("wbr"), part]));
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const isDescending = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      order = sorted(column, isDescending);
      body.append(...order.map(({ row }) => row));
      table.parentElement.scrollTop = 0;
      show();
    });
  });

  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "filter, e.g. gemma3 num_ctx=2048";
  field.setAttribute("aria-label", `Filter: ${table.caption.textContent}`);
  const status = document.createElement("output");
  const more = document.createElement("button");
  more.type = "button";
  more.textContent = "Show all";
  const show = () => {
    // num_ctx=2048 must not find 20480, so a known word matches as a whole; anything else also matches inside words
    const wanted = wordsOf(field.value).map((word) =>
      word.includes("=") && known.has(word) ? (words) => words.includes(word) : (words) => words.some((other) => other.includes(word)),
    );
    let count = 0;
    for (const { row, words } of order) {
      row.hidden = !wanted.every((matches) => matches(words));
      count += !row.hidden;
      row.classList.toggle("later", count > limit);
    }
    status.textContent = `${count} of ${rows.length}${count > limit ? `, first ${limit} shown` : ""}`;
    more.hidden = count <= limit;
  };
  field.addEventListener("input", show);
  more.addEventListener("click", () => {
    limit = Infinity;
    show();
  });
  show();
  table.parentElement.classList.add("ready");
  const bar = document.createElement("p");
  bar.className = "filter";
  bar.append(field, " ", status, " ", more);
  table.parentElement.before(bar);
}

for (const chart of document.querySelectorAll("figure > svg")) {
  const dots = [...chart.querySelectorAll("circle")].filter((dot) => dot.querySelector("title"));
  if (!dots.length) continue;
  const across = (dot) => parseFloat(dot.getAttribute("cx"));
  dots.sort((a, b) => across(a) - across(b));
  const pointed = document.createElement("output");
  pointed.className = "pointed";
  pointed.textContent = "Point at a dot to see its trial, or move between dots with the arrow keys.";
  chart.after(pointed);
  chart.setAttribute("role", "group");
  let current = 0; // the only dot that Tab stops at: a thousand stops would be a barrier
  const select = (place) => {
    dots[current].tabIndex = -1;
    current = place;
    dots[current].tabIndex = 0;
    pointed.textContent = dots[current].querySelector("title").textContent;
  };
  dots.forEach((dot, place) => {
    dot.tabIndex = place === current ? 0 : -1;
    dot.setAttribute("role", "img");
    for (const kind of ["pointerenter", "focus"]) dot.addEventListener(kind, () => select(place));
  });
  chart.addEventListener("keydown", (event) => {
    const next = dots[current + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
