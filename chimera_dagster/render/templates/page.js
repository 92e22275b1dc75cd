// Tables that can be sorted, filtered and weighed, and charts that name the dot that is pointed at. The page is complete
// without.
"use strict";
const NOTHING = "–";
const FIRST = 100; // rows shown until all are requested, as in page.css: drawing thousands takes seconds
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
// temperature=1.0 and temperature=1 are the same word
const wordOf = (text) => text.replace(/(?<==)\d[\d.]*$/, (digits) => parseFloat(digits));
const wordsOf = (text) => text.toLowerCase().split(/[,;:]?\s+/).filter(Boolean).map(wordOf);

const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// The formulas of compare/weighing.py. The sum is in the order of the criteria, as its last digit depends on it.
const utilityOf = (scores, weights) =>
  scores.reduce((sum, score, at) => (weights[at] ? sum + weights[at] * score : sum), 0);
const behind = (apart, weighed) => {
  const only = weighed.length === 1 ? weighed[0] : null;
  if (only && !only.isLog) return apart;
  return only && !only.higherIsBetter ? Math.expm1(apart) : -Math.expm1(-apart);
};
const percent = (share) => {
  const digits = share < 1 ? 1 : 0;
  const number = (100 * share).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number} %`;
};

// Rows ranked by weights, best first, each with how far it is behind; without those that stay behind or lack a value.
const ranked = (entries, criteria, weights) => {
  const found = entries
    .filter(({ scores }) => scores?.every((score, at) => !weights[at] || score !== null))
    .map((entry) => ({ ...entry, utility: utilityOf(entry.scores, weights) }))
    .sort((a, b) => b.utility - a.utility || a.place - b.place);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const weighed = criteria.filter((_, at) => weights[at]);
  return total ? found.map((entry) => ({ ...entry, gap: behind((found[0].utility - entry.utility) / total, weighed) })) : [];
};

// Sliders for the weights of a table. `onOrder` gets its rows in their new order, and the text of each one's distance.
const weigh = (table, onOrder) => {
  const [origin, listed, column] = JSON.parse(table.dataset.weighing);
  const criteria = listed.map(([name, words, weight, hasSlider, higherIsBetter, isLog]) => {
    return { name, words, weight, hasSlider, higherIsBetter, isLog };
  });
  const rows = [...table.tBodies[0].rows];
  const written = criteria.map(({ weight }) => weight);
  const texts = rows.map((row) => row.cells[column].textContent);
  const entries = rows.flatMap((row) => {
    if (!row.dataset.weighed) return [];
    const [place, scores] = JSON.parse(row.dataset.weighed);
    return [{ row, place, scores }];
  });
  const status = make("output", {});
  const back = make("button", { type: "button" }, `Back to ${origin}`);
  let weights = [...written];

  const nameOf = (row) => make("strong", {}, `${row.cells[0].textContent}, ${row.cells[1].textContent}`);
  const order = () => {
    if (weights.every((weight, at) => weight === written[at])) {
      status.replaceChildren(`By ${origin}, `, nameOf(rows[0]), " comes first.");
      onOrder(rows, new Map(rows.map((row, at) => [row, texts[at]])));
      return;
    }
    const first = ranked(entries, criteria, weights);
    const gaps = new Map(first.map(({ row, gap }, at) => [row, at ? percent(gap) : "0 %, best"]));
    onOrder([...gaps.keys(), ...rows.filter((row) => !gaps.has(row))], gaps);
    if (!first.length) {
      status.replaceChildren("No trial can be ranked by these weights.");
      return;
    }
    const want = criteria.flatMap(({ name }, at) => (weights[at] ? [`${name}: ${weights[at]}`] : [])).join(", ");
    status.replaceChildren(
      ...["By your weights, ", nameOf(first[0].row), " comes first. This compares means alone; to have ties tested, put "],
      ...[make("code", {}, `want: {${want}}`), " under ", make("code", {}, "goals"), " in sweep.yaml."],
    );
  };

  const most = Math.max(5, ...written.map((weight) => 2 * Math.ceil(weight)));
  const sliders = criteria.flatMap((criterion, at) => {
    if (!criterion.hasSlider) return [];
    const input = make("input", { type: "range", min: 0, max: most, step: most / 50 });
    const value = make("span", {});
    const show = () => {
      value.textContent = weights[at];
      input.setAttribute("aria-valuetext", `weight ${weights[at]}`);
    };
    input.addEventListener("input", () => {
      weights[at] = parseFloat(input.value);
      show();
      order();
    });
    const label = make("label", {}, make("span", {}, criterion.words), input, value);
    return [{ label, reset: () => show((input.value = written[at])) }];
  });
  const reset = () => {
    weights = [...written];
    for (const slider of sliders) slider.reset();
    order();
  };
  back.addEventListener("click", reset);
  const fixed = criteria.filter(({ hasSlider }) => !hasSlider).map(({ words, weight }) => `${words} ${weight}`);
  const panel = make("fieldset", { className: "weigh" }, make("legend", {}, "Weigh for yourself"));
  panel.append(...sliders.map(({ label }) => label));
  if (fixed.length) panel.append(make("p", {}, `These weights stay: ${fixed.join(", ")}.`));
  panel.append(make("p", {}, back, " ", status));
  reset();
  return panel;
};

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
  if (!table.dataset.weighing) continue;
  const entryOf = new Map(rows.map((entry) => [entry.row, entry]));
  const [, , column] = JSON.parse(table.dataset.weighing);
  bar.before(
    weigh(table, (ordered, gaps) => {
      for (const head of heads) head.removeAttribute("aria-sort");
      order = ordered.map((row) => entryOf.get(row));
      for (const { row, cells } of order) cells[column] = row.cells[column].textContent = gaps.get(row) ?? NOTHING;
      body.append(...ordered);
      table.parentElement.scrollTop = 0;
      show();
    }),
  );
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
