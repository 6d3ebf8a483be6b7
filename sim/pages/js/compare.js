// The live part of the report of a comparison: a map of differences whose day moves, the shares of a town over time, curves.
//
//   new Sim.Compare(box, document);   // box: holds the heading; document: of sim.pages.comparison_document
(function () {
  "use strict";
  const FULL = 40; // points of percent at which a cell has its full colour
  const { dayText, element, escape, fillCard, line, ringsOf, townChoice } = Sim;

  function points(gap) {
    return `${gap > 0 ? "+" : gap < 0 ? "\u2212" : ""}${Math.abs(gap)} points`;
  }

  /** Let the heads of a table's columns sort its rows; numbers by size, the first of a cell. */
  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const valueOf = (row, column) => {
      const text = row.cells[column].textContent.trim().replace(/\u2212/g, "-");
      const number = /^[+-]?[\d,]*\.?\d+/.exec(text);
      return number ? Number(number[0].replace(/,/g, "")) : text;
    };
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = element("button", { type: "button", class: "sort" }, head.textContent);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (down ? -1 : 1));
        body.append(...rows);
      });
      head.replaceChildren(button);
    });
  }

  class Compare {
    constructor(box, data) {
      this.box = box;
      this.data = data;
      this.contrast = 0;
      this.code = -1; // of the differences shown; -1 the largest of each town
      this.town = -1;
      this.add();
      this.at = data.days.length - 1;
      this.build();
      this.map = new Sim.Map(this.parts.map, { pick: (town) => this.open(town), label: "Map of differences in control (simulated)" });
      this.map.setBase(data.base);
      this.charts = data.charts.map((spec) => {
        const chart = element("div", { class: "player-chart" });
        this.parts.charts.append(chart);
        return Sim.chart(chart, spec, { day: (day) => this.go(this.nearest(day)) });
      });
      Sim.link(this.charts);
      this.box.addEventListener("keydown", (event) => event.key === "Escape" && this.town >= 0 && this.close());
      document.querySelectorAll("table.sortable").forEach(sortable);
      this.go(this.at);
    }

    /** Undo the differences from day to day by which shares are packed. */
    add() {
      for (const scenario of this.data.scenarios)
        for (const town of scenario.shares) for (const values of town) values.forEach((step, k) => { if (k) values[k] += values[k - 1]; });
    }

    nearest(day) {
      let best = 0;
      this.data.days.forEach((each, k) => { if (Math.abs(each - day) < Math.abs(this.data.days[best] - day)) best = k; });
      return best;
    }

    build() {
      const { data } = this;
      const parts = (this.parts = {});
      parts.slider = element("input", {
        type: "range", min: 0, max: data.days.length - 1, value: this.at, "aria-label": "Day", oninput: () => this.go(Number(parts.slider.value)),
      });
      parts.date = element("b");
      parts.count = element("span");
      parts.map = element("div", { class: "player-map" });
      parts.card = element("section", { class: "player-card", "aria-label": "A town over time", tabindex: -1, hidden: true });
      parts.list = element("div", { class: "player-feed", role: "region", tabindex: 0, "aria-label": "Towns that differ most" });
      parts.charts = element("div", { class: "player-charts" });
      const name = ({ scenario }) => `${data.scenarios[scenario].letter} ${data.scenarios[scenario].name}`;
      const which = element(
        "select", { "aria-label": "Scenario", onchange: () => { this.contrast = Number(which.value); this.go(this.at); } },
        ...data.contrasts.map((contrast, i) => element("option", { value: i }, `${name(contrast)} minus A`))
      );
      const what = element(
        "select", { "aria-label": "Differences in", onchange: () => { this.code = Number(what.value); this.go(this.at); } },
        element("option", { value: -1 }, "whoever gains most"),
        ...data.codes.map(({ name: held }, c) => element("option", { value: c }, held))
      );
      parts.towns = townChoice(data.towns, (town) => this.open(town));
      this.box.append(
        element(
          "div", { class: "player-bar compare-bar", role: "group", "aria-label": "What the map shows" },
          element("div", { class: "player-slider" }, parts.slider),
          element("div", { class: "player-day" }, parts.date, parts.count),
          element("div", { class: "player-options" }, data.contrasts.length > 1 ? which : null, what, parts.towns)
        ),
        element("p", { class: "player-quiet" },
          "Colour: the side that holds a town in more runs than under A, the stronger the more runs. Ringed: resolved on that day. A click on a town shows its shares over time."),
        element("div", { class: "player-main" }, parts.map, element("div", { class: "player-side" }, parts.card, parts.list)),
        element("p", { class: "player-quiet" }, `The course of the runs: ${data.scenarios.map(({ letter, name }) => `${letter} ${name}`).join(", ")}. A click on a chart moves the map to that day.`),
        parts.charts
      );
    }

    /** Return [code, points of percent] of a town on the day shown. */
    difference(town) {
      const { data, at } = this;
      const there = data.scenarios[data.contrasts[this.contrast].scenario].shares[town];
      const here = data.scenarios[0].shares[town];
      const gaps = data.codes.map((_, c) => there[c][at] - here[c][at]);
      if (this.code >= 0) return [this.code, gaps[this.code]];
      let best = 0;
      gaps.forEach((gap, c) => { if (gap > gaps[best]) best = c; });
      return [best, gaps[best]];
    }

    go(at) {
      const { data, parts } = this;
      this.at = at;
      const day = data.days[at];
      parts.slider.value = at;
      parts.slider.setAttribute("aria-valuetext", `${dayText(data.start, day)}, day ${day}`);
      parts.date.textContent = dayText(data.start, day);
      parts.count.textContent = `day ${day}`;
      this.paint();
      this.charts.forEach((chart) => chart.mark(day));
      if (this.town >= 0) this.fill();
    }

    paint() {
      const { data } = this;
      const resolved = data.contrasts.length ? data.contrasts[this.contrast].resolved[this.at] : [];
      const gaps = data.towns.map((_, town) => (data.contrasts.length ? this.difference(town) : [0, 0]));
      const [cells, dots] = [{}, {}];
      gaps.forEach(([code, gap], town) => {
        if (gap) cells[town] = `<use href="${data.cells}${town}" fill="${gap > 0 ? data.codes[code].colour : "#1f2328"}" fill-opacity="${Math.min(1, Math.abs(gap) / FULL).toFixed(2)}"/>`;
        const [x, y, name] = data.base.towns[town];
        const words = gap ? `${data.codes[code].name} ${points(gap)}${resolved.includes(town) ? "" : ", not resolved"}` : "no difference";
        dots[`t${town}`] = `<g class="t" data-town="${town}" data-tip="${escape(name)}&#10;${escape(words)}" transform="translate(${x} ${y})"><g class="k"><circle r="2.6" fill="#667079"/></g></g>`;
      });
      this.map.show({ control: cells, towns: dots });
      const rings = resolved.map((town) => [town, 6, "#1f2328", 1.6]);
      if (this.town >= 0) rings.push(...ringsOf(this.town));
      this.map.rings(rings);
      const order = gaps.map((gap, town) => [town, gap]).filter(([, [, gap]]) => gap).sort((a, b) => Math.abs(b[1][1]) - Math.abs(a[1][1]));
      this.parts.list.replaceChildren(
        element("h3", {}, `Towns that differ most (${resolved.length} resolved)`),
        ...order.slice(0, 40).map(([town, [code, gap]]) =>
          line(
            data.codes[code].colour,
            `${data.towns[town]}: ${data.codes[code].name} ${points(gap)}${resolved.includes(town) ? "" : " (not resolved)"}`,
            { onclick: () => this.open(town) }
          )
        )
      );
    }

    open(town) {
      this.town = town;
      this.paint();
      this.parts.card.hidden = false;
      this.fill();
      this.parts.card.focus({ preventScroll: true });
    }

    close() {
      this.town = -1;
      this.parts.card.hidden = true;
      this.parts.towns.value = "";
      this.paint();
      this.parts.towns.focus({ preventScroll: true });
    }

    /** Show who holds a town in which share of runs, day by day: A dashed, the other scenario solid. */
    fill() {
      const { data, town, at } = this;
      const pair = [data.scenarios[0]];
      if (data.contrasts.length) pair.push(data.scenarios[data.contrasts[this.contrast].scenario]);
      const held = data.codes.map((_, c) => c).filter((c) => pair.some((scenario) => Math.max(...scenario.shares[town][c]) > 2));
      const series = held.flatMap((c) =>
        pair.map((scenario, i) => ({
          name: `${data.codes[c].name}, ${scenario.letter}`, colour: data.codes[c].colour, style: "line", dash: i === 0 && pair.length > 1,
          values: this.daily(scenario.shares[town][c]),
        }))
      );
      const rows = held.map((c) => element("tr", {}, element("td", {}, data.codes[c].name), ...pair.map((scenario) => element("td", { class: "n" }, `${scenario.shares[town][c][at]} %`))));
      const chart = element("div");
      fillCard(
        this.parts.card, data.towns[town], () => this.close(), chart,
        element(
          "table", {}, element("caption", {}, `Held on ${dayText(data.start, data.days[at])} in a share of runs`),
          element("thead", {}, element("tr", {}, element("th", {}, "by"), ...pair.map(({ letter, name }) => element("th", { class: "n" }, `${letter} ${name}`)))),
          element("tbody", {}, ...rows)
        ),
        element("p", { class: "player-quiet" }, this.known())
      );
      if (this.share) this.share.destroy();
      this.share = Sim.chart(chart, { ...data.share, title: pair.length > 1 ? "Share of runs that hold it; dashed: A" : "Share of runs that hold it", series, bands: [], top: 100 }, { day: (day) => this.go(this.nearest(day)) });
      this.share.mark(data.days[at]);
    }

    /** Say on which mornings the holders of towns are known. */
    known() {
      const { days } = this.data;
      const last = days[days.length - 1];
      if (days.length > last) return "";
      return `Who holds a town is stored on ${days.length} mornings (days ${days.join(", ")}); between them the curve stays as it was. A study stores more with control_days.`;
    }

    /** Return values by morning, of values on the days there are. */
    daily(values) {
      const { days } = this.data;
      const all = [];
      days.forEach((day, k) => {
        for (let each = k ? days[k - 1] + 1 : 0; each < day; each += 1) all.push(k ? values[k - 1] : values[0]);
        all.push(values[k]);
      });
      return all;
    }
  }

  window.Sim = Object.assign(window.Sim || {}, { Compare });
})();
