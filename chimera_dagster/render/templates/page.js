// Tables that can be sorted and filtered, and figures that say what is pointed at. Without it the page is whole too.
"use strict";
for (const table of document.querySelectorAll("table.interactive")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const heads = [...table.tHead.rows[0].cells];

  const number = (row, column) => {
    const found = parseFloat(row.cells[column].textContent.replaceAll(",", ""));
    return Number.isNaN(found) ? null : found;
  };

  const compare = (column, down) => {
    const numeric = heads[column].classList.contains("n");
    const sign = down ? -1 : 1;
    return (one, other) => {
      if (!numeric) {
        return sign * one.cells[column].textContent.localeCompare(other.cells[column].textContent, "en", { numeric: true });
      }
      const [a, b] = [number(one, column), number(other, column)];
      if (a === null || b === null) return (a === null) - (b === null); // what was not measured is last, either way
      return sign * (a - b);
    };
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...rows.toSorted(compare(column, down)));
    });
  });

  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "filter, for example: gemma3 num_ctx=2048";
  field.setAttribute("aria-label", `Filter: ${table.caption.textContent}`);
  const shown = document.createElement("output");
  const filter = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, place) => {
      row.hidden = !wanted.every((word) => words[place].includes(word));
      count += !row.hidden;
    });
    shown.textContent = `${count} of ${rows.length}`;
  };
  field.addEventListener("input", filter);
  filter();
  const bar = document.createElement("p");
  bar.className = "filter";
  bar.append(field, " ", shown);
  table.parentElement.before(bar);
}
for (const figure of document.querySelectorAll("figure")) {
  const dots = [...figure.querySelectorAll("circle")].filter((dot) => dot.querySelector("title"));
  if (!dots.length) continue;
  const said = document.createElement("output");
  said.className = "pointed";
  said.textContent = "Point at a dot to see its trial.";
  figure.querySelector("svg").after(said);
  for (const dot of dots) {
    dot.tabIndex = 0;
    for (const kind of ["pointerenter", "focus"]) {
      dot.addEventListener(kind, () => (said.textContent = dot.querySelector("title").textContent));
    }
  }
}
