// Charts of a page: values over days, spans over days, a histogram, a scatter; on d3, with letters of one size at every width.
//
//   const chart = Sim.chart(element, spec, { day(day) {}, hover(day) {} });  // spec: object of sim.pages.chart_specs
//   chart.set(spec);  chart.mark(day);  chart.destroy();
//   Sim.link([chart, other]);  // one cursor over all; Sim.link([third], group) adds to the group that it returns
//
// What lies beyond the marked morning is pale. A pointer, a finger or the arrow keys move the cursor; a click or Enter
// asks for the day under it.
(function () {
  "use strict";
  const LEFT = 38; // px beside the plot, the same in all charts, so that days stand one above the other
  const RIGHT = 124;
  const SLIM = 330; // px of width below which names stand below the plot
  const ROW = { named: 32, plain: 25 }; // px of a row of spans
  const HEIGHT = 150; // px of a plot of values
  const GAP = 14; // px between two names
  const WHOLE = new Intl.NumberFormat("en");
  const SIDES = { triangle: [3, -90], inverted: [3, 90], diamond: [4, -90], square: [4, -45], pentagon: [5, -90], hexagon: [6, -90] };
  const { MONTHS, dateOf, dayText, element, escape } = Sim;
  let charts = 0;

  // Words and numbers ---------------------------------------------------------------------------------------------

  function number(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return "none";
    if (Number.isInteger(value)) return WHOLE.format(value);
    return Math.abs(value) >= 100 ? WHOLE.format(Math.round(value)) : String(Number(value.toPrecision(3)));
  }

  function weekText(spec, week, every) {
    const last = Math.min(every * (week + 1), spec.days) - 1;
    return `${dayText(spec.start, every * week).replace(/ \d+$/, "")} to ${dayText(spec.start, last)}`;
  }

  const measure = document.createElement("canvas").getContext("2d");
  const widths = new Map();

  function textWidth(text) {
    if (!widths.has(text)) {
      measure.font = '12px "DejaVu Sans", Verdana, sans-serif';
      if (widths.size > 5000) widths.clear();
      widths.set(text, measure.measureText(text).width);
    }
    return widths.get(text);
  }

  function fitted(text, room) {
    if (textWidth(text) <= room) return text;
    let most = text.length;
    while (most > 1 && textWidth(text.slice(0, most) + "\u2026") > room) most -= 1;
    return text.slice(0, most).trimEnd() + "\u2026";
  }

  // Elements ------------------------------------------------------------------------------------------------------

  /** Return the outline of a faction's shape round (0, 0). */
  function outline(shape, r) {
    if (shape === "cross") {
      const [a, b] = [r * 1.05, r * 0.38];
      return `M${-b} ${-a}H${b}V${-b}H${a}V${b}H${b}V${a}H${-b}V${b}H${-a}V${-b}H${-b}Z`;
    }
    if (!SIDES[shape]) return `M${-r} 0A${r} ${r} 0 1 1 ${r} 0A${r} ${r} 0 1 1 ${-r} 0Z`;
    const [sides, turn] = SIDES[shape];
    const points = d3.range(sides).map((i) => {
      const angle = ((turn + (360 * i) / sides) * Math.PI) / 180;
      return `${(1.15 * r * Math.cos(angle)).toFixed(2)} ${(1.15 * r * Math.sin(angle)).toFixed(2)}`;
    });
    return `M${points.join("L")}Z`;
  }

  function symbol(series, x, y) {
    const fill = series.dash ? "var(--chart-paper)" : series.colour;
    return `<path d="${outline(series.shape, 4.4)}" transform="translate(${x} ${y})" fill="${fill}" stroke="${series.dash ? series.colour : "var(--chart-paper)"}" stroke-width="${series.dash ? 1.6 : 0.8}"/>`;
  }

  function swatch({ colour, second, shape, dash, style }) {
    if (style === "evidence") return '<svg class="simchart-swatch" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path class="simchart-evidence" d="M6 0V12"/></svg>';
    if (style === "step" || style === "line") {
      return `<svg class="simchart-swatch" width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">${symbol({ colour, shape, dash }, 0, 0)}</svg>`;
    }
    const fill = second ? `repeating-linear-gradient(45deg, ${colour} 0 3px, ${second} 3px 6px)` : colour;
    return `<i class="simchart-swatch" style="background:${fill}"></i>`;
  }

  function entry(one, value) {
    return `<span>${swatch(one)}${escape(one.name)}${value === undefined ? "" : ` <b>${number(value)}</b>`}</span>`;
  }

  function words(x, y, text, more = "") {
    return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(text)}</text>`;
  }

  /** Give a node its content, if it is another than before. */
  function put(node, html) {
    if (node.put === html) return;
    node.put = html;
    node.innerHTML = html;
  }

  /** Return values moved apart so that none is nearer than `gap` to the next and none beyond `low` or above `high` (px, downwards). */
  function spaced(values, gap, low, high) {
    const order = d3.range(values.length).sort((a, b) => values[b] - values[a]);
    const result = values.slice();
    let free = low;
    for (const i of order) {
      result[i] = Math.min(result[i], free);
      free = result[i] - gap;
    }
    free = high;
    for (const i of order.reverse()) {
      result[i] = Math.max(result[i], free);
      free = result[i] + gap;
    }
    return result;
  }

  // What all charts share -----------------------------------------------------------------------------------------

  class Chart {
    constructor(box, spec, { day, hover } = {}) {
      this.asked = day || (() => {});
      this.hovered = hover || (() => {});
      this.id = `simchart${(charts += 1)}`;
      this.group = new Set([this]);
      this.box = box;
      this.marked = null;
      this.cursor = null;
      box.classList.add("simchart");
      this.title = element("span", { class: "simchart-title" });
      this.note = element("span", { class: "simchart-note" });
      this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.svg.setAttribute("role", "img");
      this.svg.setAttribute("tabindex", "0");
      this.key = element("div", { class: "simchart-key" });
      this.tip = element("div", { class: "simchart-tip", "aria-hidden": "true", hidden: true });
      this.live = element("div", { class: "simchart-live", "aria-live": "polite" });
      box.replaceChildren(element("div", { class: "simchart-head" }, this.title, this.note), this.svg, this.key, this.tip, this.live);
      this.listen();
      this.set(spec);
      this.watcher = new ResizeObserver(() => this.resized());
      this.watcher.observe(box);
    }

    listen() {
      const at = (event) => this.position(event.clientX - this.svg.getBoundingClientRect().left);
      this.svg.addEventListener("pointermove", (event) => this.move(at(event), true));
      this.svg.addEventListener("pointerdown", (event) => this.move(at(event), true));
      this.svg.addEventListener("pointerleave", () => this.move(null));
      this.svg.addEventListener("pointercancel", () => this.move(null));
      this.svg.addEventListener("blur", () => this.move(null));
      this.svg.addEventListener("click", (event) => this.ask(at(event)));
      this.svg.addEventListener("keydown", (event) => this.pressed(event));
    }

    pressed(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const now = this.cursor === null ? this.beginning() : this.cursor;
      const step = event.shiftKey ? 7 : 1;
      const to = { ArrowLeft: now - step, ArrowRight: now + step, Home: 0, End: this.last() }[event.key];
      if (to !== undefined) {
        this.move(Math.min(Math.max(this.cursor === null && step === 1 && event.key.startsWith("Arrow") ? now : to, 0), this.last()), true);
        this.live.textContent = this.tip.innerText.replace(/\s*\n\s*/g, ", ");
      } else if (event.key === "Enter" && this.cursor !== null) this.ask(this.cursor);
      else if (event.key === "Escape" && this.cursor !== null) this.move(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    /** Show another spec, at once with a marked morning if one is given. */
    set(spec, day = this.marked) {
      this.spec = spec;
      this.marked = day;
      this.title.textContent = spec.title;
      this.draw();
    }

    mark(day) {
      if (this.marked === day) return;
      this.marked = day;
      this.draw();
    }

    /** Say what the chart shows. */
    describe() {
      this.svg.setAttribute("aria-label", this.alternative());
    }

    destroy() {
      this.watcher.disconnect();
      this.group.delete(this);
    }

    resized() {
      const { clientWidth } = this.box;
      if (clientWidth === this.width) return;
      this.width = clientWidth;
      this.draw();
    }

    /** Draw everything for the width that the box has. */
    draw() {
      if (!this.width) this.width = this.box.clientWidth; // read once: reading makes the browser lay out the page
      if (!this.width) return;
      this.slim = this.width < SLIM;
      this.right = this.width - (this.slim ? 10 : RIGHT);
      const { height, parts } = this.content();
      this.svg.setAttribute("width", this.width);
      this.svg.setAttribute("height", height);
      this.svg.innerHTML = parts.join("") + '<g class="simchart-cursor"></g>';
      this.describe();
      this.point(this.cursor);
    }

    /** Move the cursor of every chart of the group; null takes it away. */
    move(position, own = false) {
      for (const chart of this.group) {
        if (chart.cursor === position && chart.tip.hidden === !(own && chart === this)) continue;
        chart.cursor = position;
        chart.pointed = own && chart === this;
        chart.point(position);
      }
      this.hovered(position);
    }

    point(position) {
      const cursor = this.svg.lastChild;
      if (!cursor) return;
      put(cursor, position === null ? "" : this.cursorAt(position));
      this.readout(position);
      this.tip.hidden = position === null || !this.pointed;
      if (this.tip.hidden) return;
      this.tip.innerHTML = this.tipAt(position);
      const { left, top } = this.svg.getBoundingClientRect();
      const { offsetWidth: wide, offsetHeight: high } = this.tip;
      const x = left + this.xOf(position);
      const fits = x + 12 + wide <= document.documentElement.clientWidth;
      this.tip.style.left = `${fits ? x + 12 : Math.max(0, x - 12 - wide)}px`;
      this.tip.style.top = `${Math.max(0, Math.min(top + 8, window.innerHeight - high - 4))}px`;
    }

    readout() {}

    axisOfValues(y, parts) {
      for (const value of y.ticks(3)) {
        const at = y(value);
        parts.push(`<path class="simchart-grid" d="M${LEFT} ${at.toFixed(1)}H${this.right}"/>`);
        parts.push(words(LEFT - 6, at + 4, Math.abs(value) >= 10000 ? `${value / 1000}k` : number(Math.abs(value)), 'text-anchor="end" class="simchart-quiet"'));
      }
    }
  }

  // Days ----------------------------------------------------------------------------------------------------------

  class DaysChart extends Chart {
    last() {
      return this.spec.last === undefined ? this.spec.days : this.spec.last;
    }

    /** Return the morning that counts: the one marked, or the last there is. */
    now() {
      return this.marked === null ? this.last() : Math.min(this.marked, this.last());
    }

    /** Mark a morning; as long as some are pale, only what depends on it is drawn. */
    mark(day) {
      if (this.marked === day) return;
      const paler = this.marked !== null && this.now() < this.last();
      this.marked = day;
      if (this.width && paler && this.now() < this.last()) this.advance();
      else this.draw();
    }

    /** Move the marked morning: where the pale part begins, the line, bars so far, labels, note and values. */
    advance() {
      const x = this.xOf(this.now());
      const [past, later] = this.svg.querySelectorAll("clipPath rect");
      past.setAttribute("width", Math.max(x, 0));
      later.setAttribute("x", x);
      later.setAttribute("width", Math.max(this.width - x, 0));
      this.svg.querySelector(".simchart-mark").setAttribute("d", this.markPath());
      for (const label of this.svg.querySelectorAll("[data-from]")) label.setAttribute("opacity", this.opacityFrom(Number(label.dataset.from)));
      if (this.weeks) {
        this.weeks.past = this.sums(this.stacks(), this.now());
        put(this.svg.querySelector(".simchart-past"), this.drawnBars(this.weeks.past));
      }
      this.note.textContent = this.noteText();
      this.describe();
      this.point(this.cursor);
    }

    beginning() {
      return this.now();
    }

    xOf(day) {
      return LEFT + (day * (this.right - LEFT)) / Math.max(this.spec.days, 1);
    }

    position(x) {
      const day = Math.round(((x - LEFT) * this.spec.days) / (this.right - LEFT));
      return Math.min(Math.max(day, 0), this.last());
    }

    ask(day) {
      this.asked(day);
    }

    content() {
      const spec = this.spec;
      const rows = spec.spans ? spec.rows : null;
      const rowHeight = rows && rows.some((row) => row.name) ? ROW.named : ROW.plain;
      this.top = 6;
      this.bottom = this.top + (rows ? Math.max(rows.length, 1) * rowHeight : HEIGHT);
      const parts = [this.clips()];
      this.ticks(parts);
      if (rows) this.rows(parts, rowHeight);
      else this.values(parts);
      this.lines(parts);
      parts.push('<g class="simchart-ends"></g>');
      this.note.textContent = this.noteText();
      return { height: this.bottom + 20, parts };
    }

    clips() {
      const x = this.xOf(this.now());
      const rect = (id, from, to) =>
        `<clipPath id="${this.id}${id}"><rect x="${from}" y="-5" width="${Math.max(to - from, 0)}" height="${this.bottom + 40}"/></clipPath>`;
      return `<defs>${rect("past", 0, x)}${rect("later", x, this.width)}</defs>`;
    }

    /** Return a drawing twice: as it is up to the marked morning, pale beyond. */
    both(drawing) {
      if (this.now() >= this.last()) return drawing;
      return `<g clip-path="url(#${this.id}past)">${drawing}</g><g clip-path="url(#${this.id}later)" opacity=".32">${drawing}</g>`;
    }

    ticks(parts) {
      const spec = this.spec;
      let free = 0;
      for (let day = 0; day <= spec.days; day += 1) {
        const when = dateOf(spec.start, day);
        if (spec.days > 60 ? when.getUTCDate() !== 1 : day % 7) continue;
        const x = this.xOf(day);
        const text = (spec.days > 60 ? "" : `${when.getUTCDate()} `) + MONTHS[when.getUTCMonth()] + (spec.days > 60 && !when.getUTCMonth() ? ` ${when.getUTCFullYear()}` : "");
        parts.push(`<path class="simchart-grid" d="M${x.toFixed(1)} ${this.top}V${this.bottom + 3}"/>`);
        const half = textWidth(text) / 2;
        if (x - half < free || x + half > this.width) continue;
        parts.push(words(x, this.bottom + 16, text, 'text-anchor="middle" class="simchart-quiet"'));
        free = x + half + 8;
      }
    }

    /** Add the line of evidence and the marked morning. */
    lines(parts) {
      const { evidence, days } = this.spec;
      if (evidence !== null && evidence !== undefined && evidence >= 0 && evidence <= days) {
        parts.push(`<path class="simchart-evidence" d="M${this.xOf(evidence).toFixed(1)} ${this.top - 4}V${this.bottom}"/>`);
      }
      if (this.marked !== null) parts.push(`<path class="simchart-mark" d="${this.markPath()}"/>`);
    }

    markPath() {
      return `M${this.xOf(this.now()).toFixed(1)} ${this.top - 4}V${this.bottom + 4}`;
    }

    cursorAt(day) {
      const x = this.xOf(day).toFixed(1);
      return `<path class="simchart-hair" d="M${x} ${this.top - 4}V${this.bottom + 4}"/>`;
    }

    noteText() {
      const { note, counted } = this.spec;
      if (!counted) return note || "";
      const day = this.now();
      const count = this.spec.spans.filter((span) => span.from <= day && (span.to === null || day < span.to || (day === span.to && !span.end))).length;
      return `${count || "none"} ${counted}`;
    }

    // Values

    values(parts) {
      const spec = this.spec;
      const stacks = this.stacks();
      const curves = spec.series.filter((series) => !stacks.includes(series));
      this.weeks = stacks.length ? this.weekly(stacks) : null;
      const most = d3.max([
        spec.top || 0,
        1e-9,
        d3.max(curves, (series) => d3.max(series.values)) || 0,
        d3.max(spec.bands || [], (band) => d3.max(band.high)) || 0,
        this.weeks ? d3.max(this.weeks.all, (week) => week.above) : 0,
      ]);
      const lowest = d3.min(curves, (series) => d3.min(series.values)) || 0;
      const below = this.weeks ? Math.max(spec.below || 0, d3.max(this.weeks.all, (week) => week.below)) : 0;
      const least = spec.zero === false ? lowest : Math.min(lowest, -below, 0);
      const room = (most - least) * 0.04 || 1;
      this.y = d3.scaleLinear().domain([least === 0 ? 0 : least - room, most + room]).range([this.bottom, this.top]);
      this.axisOfValues(this.y, parts);
      for (const band of spec.bands || []) parts.push(this.band(band));
      if (stacks.length) this.bars(parts, stacks);
      parts.push(this.both(curves.map((series) => this.curve(series)).join("")));
      this.curves = curves;
    }

    /** Sum daily values by weeks: of all mornings, and of those up to the marked one. */
    weekly(series) {
      return { all: this.sums(series, this.last()), past: this.sums(series, this.now()), every: this.spec.every || 1 };
    }

    /** Sum daily values by weeks up to a morning. */
    sums(series, until) {
      const every = this.spec.every || 1;
      const weeks = Math.max(Math.ceil(this.spec.days / every), 1);
      return d3.range(weeks).map((week) => {
        const values = series.map((one) => d3.sum(one.values.slice(1 + every * week, Math.min(1 + every * (week + 1), until + 1))));
        const total = (down) => d3.sum(values, (value, i) => (Boolean(series[i].down) === down ? value : 0));
        return { values, above: total(false), below: total(true) };
      });
    }

    /** Return the week that a day's deaths fall into, of those there are. */
    weekOf(day) {
      return Math.min(Math.max(Math.floor((day - 1) / this.weeks.every), 0), this.weeks.all.length - 1);
    }

    bars(parts, series) {
      const { all, past } = this.weeks;
      const patterns = series.map((one, i) =>
        one.second
          ? `<pattern id="${this.id}p${i}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="${one.colour}"/><rect width="3" height="7" fill="${one.second}"/></pattern>`
          : ""
      );
      parts.push(`<defs>${patterns.join("")}</defs>`);
      if (this.now() < this.last()) parts.push(`<g opacity=".32">${this.drawnBars(all)}</g>`);
      parts.push(`<g class="simchart-past">${this.drawnBars(past)}</g>`, `<path class="simchart-zero" d="M${LEFT} ${this.y(0).toFixed(1)}H${this.right}"/>`);
    }

    drawnBars(weeks) {
      const { every } = this.weeks;
      const series = this.stacks();
      const fills = series.map((one, i) => (one.second ? `url(#${this.id}p${i})` : one.colour));
      return weeks
        .flatMap((week, w) => {
          const x = this.xOf(every * w);
          const wide = (this.xOf(Math.min(every * (w + 1), this.spec.days)) - x) * 0.9;
          let [up, down] = [0, 0];
          return week.values.map((value, i) => {
            if (!value) return "";
            const [from, to] = series[i].down ? [-down, -(down += value)] : [(up += value), up - value];
            return `<rect x="${x.toFixed(1)}" y="${this.y(from).toFixed(1)}" width="${wide.toFixed(1)}" height="${(this.y(to) - this.y(from)).toFixed(1)}" fill="${fills[i]}"/>`;
          });
        })
        .join("");
    }

    band({ low, middle, high, colour }) {
      const corners = (values) => d3.range(values.length).filter((d) => !d || d === values.length - 1 || values[d] !== values[d - 1] || values[d] !== values[d + 1]);
      const points = (values) => corners(values).map((d) => `${this.xOf(d).toFixed(1)} ${this.y(values[d]).toFixed(1)}`);
      const area = `<path class="simchart-band"${colour ? ` style="fill: ${colour}"` : ""} d="M${[...points(high), ...points(low).reverse()].join("L")}Z"/>`;
      return area + `<path class="simchart-middle" d="M${points(middle).join("L")}"/>`;
    }

    curve({ values, colour, style, dash }) {
      let path = "";
      values.forEach((value, day) => {
        if (value === null) return;
        const [x, y] = [this.xOf(day).toFixed(1), this.y(value).toFixed(1)];
        if (!path) path = `M${x} ${y}`;
        else if (style === "line") path += `L${x} ${y}`;
        else if (value !== values[day - 1]) path += `H${x}V${y}`;
        else if (day === values.length - 1) path += `H${x}`;
      });
      return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash ? ' stroke-dasharray="5 3"' : ""}/>`;
    }

    /** Write names and values at the ends of curves, of the day under the cursor or the marked one. */
    readout(cursor) {
      if (this.spec.spans) {
        this.rowReadout(cursor);
        return;
      }
      const day = cursor === null ? this.now() : cursor;
      if (this.weeks) {
        this.keyOf(this.stacks(), cursor === null ? this.weeks.past : [this.weeks.all[this.weekOf(cursor)]]);
      }
      const values = this.curves.map((series) => series.values[Math.min(day, series.values.length - 1)]);
      const ends = this.svg.querySelector(".simchart-ends");
      const at = values.map((value) => this.y(value === null ? 0 : value));
      const named = !this.slim && this.right - this.xOf(day) < 16; // a symbol stands beside the name already
      const marks = this.curves.map((series, i) => (values[i] === null || named ? "" : symbol(series, this.xOf(day).toFixed(1), at[i].toFixed(1))));
      if (this.slim) {
        put(ends, marks.join(""));
        if (this.curves.length) put(this.key, this.curves.map((series, i) => entry(series, values[i])).join("") + this.ownKey());
        return;
      }
      if (!this.weeks) put(this.key, this.ownKey());
      const places = spaced(at, GAP, this.bottom, this.top);
      const names = this.curves.map((series, i) => {
        const text = number(values[i]);
        const name = fitted(series.name, RIGHT - 26 - textWidth(` ${text}`));
        return symbol(series, this.right + 12, places[i].toFixed(1)) + words(this.right + 21, places[i] + 4, `${name} ${text}`);
      });
      put(ends, [...marks, ...names].join(""));
    }

    stacks() {
      return this.spec.series.filter((series) => series.style === "stack" || series.style === "bar");
    }

    keyOf(series, weeks) {
      const total = (i) => d3.sum(weeks, (week) => week.values[i]);
      put(this.key, series.map((one, i) => entry(one, total(i))).join("") + this.ownKey());
    }

    /** Return the entries of the key that the spec gives. */
    ownKey() {
      return (this.spec.key || []).map((one) => entry(one)).join("");
    }

    // Spans

    rows(parts, rowHeight) {
      const { rows, spans } = this.spec;
      this.rowHeight = rowHeight;
      rows.forEach((row, i) => {
        const y = this.top + i * rowHeight;
        if (row.name) parts.push(words(LEFT, y + 12, fitted(row.name, this.right - LEFT)));
      });
      const bars = spans.map((span) => this.span(span, rowHeight));
      parts.push(this.both(bars.map((bar) => bar.shape).join("")), bars.map((bar) => bar.text).join(""));
      if (!rows.length) parts.push(words(LEFT, this.top + 13, this.spec.empty || "none", 'class="simchart-quiet"'));
      put(this.key, this.ownKey());
    }

    span({ row, label, colour, ink, second, from, to, end }, rowHeight) {
      const named = rowHeight === ROW.named;
      const y = this.top + row * rowHeight + (named ? 16 : 14);
      const high = named ? 13 : 7;
      const [x, over] = [this.xOf(Math.max(from, 0)), this.xOf(to === null ? this.last() : Math.min(to, this.spec.days))];
      const wide = Math.max(over - x, 1.5);
      const rect = (top, tall, fill) => `<rect x="${x.toFixed(1)}" y="${top.toFixed(1)}" width="${wide.toFixed(1)}" height="${tall}" fill="${fill}"/>`;
      let shape = second ? rect(y, high / 2, colour) + rect(y + high / 2, high / 2, second) : rect(y, high, colour);
      if (named) {
        const text = wide >= 12 && label ? words(x + wide / 2, y + 10.5, label, `text-anchor="middle" fill="${ink}" style="fill:${ink}"`) : "";
        return { shape: shape + text, text: "" };
      }
      const middle = y + high / 2;
      const signs = {
        broken: `<path class="simchart-end" d="M${over - 4} ${middle - 4}L${over + 4} ${middle + 4}M${over - 4} ${middle + 4}L${over + 4} ${middle - 4}"/>`,
        expired: `<path class="simchart-end" d="M${over} ${middle - 6}V${middle + 6}"/>`,
      };
      shape += signs[end] || "";
      const text = fitted(label, this.width - LEFT);
      const start = Math.max(Math.min(x, this.width - textWidth(text)), 0);
      return { shape, text: words(start, y - 3, text, `class="simchart-halo" data-from="${from}" opacity="${this.opacityFrom(from)}"`) };
    }

    /** Return the opacity of the label of a span that begins on a day. */
    opacityFrom(day) {
      return day > this.now() ? 0.5 : 1;
    }

    spanAt(row, day) {
      return this.spec.spans.find((span) => span.row === row && span.from <= day && (span.to === null || day < span.to || (day === span.to && day >= this.last())));
    }

    rowReadout(cursor) {
      if (this.slim || this.rowHeight !== ROW.named) return;
      const day = cursor === null ? this.now() : cursor;
      const ends = this.spec.rows.map((row, i) => {
        const span = this.spanAt(i, day);
        return span ? words(this.right + 8, this.top + i * this.rowHeight + 27, fitted(span.title, RIGHT - 8)) : "";
      });
      put(this.svg.querySelector(".simchart-ends"), ends.join(""));
    }

    // Tips and words

    tipAt(day) {
      const spec = this.spec;
      const lines = spec.spans ? this.tipOfSpans(day) : this.tipOfValues(day);
      const when = this.weeks ? weekText(spec, this.weekOf(day), this.weeks.every) : dayText(spec.start, day);
      const beyond = spec.evidence !== null && spec.evidence !== undefined && day > spec.evidence ? '<div class="simchart-quiet">nothing observed stands behind this day</div>' : "";
      return `<b>${when}</b>${lines.map((line) => `<div>${line}</div>`).join("")}${beyond}`;
    }

    tipOfValues(day) {
      const unit = this.spec.unit ? ` ${this.spec.unit}` : "";
      if (this.weeks) {
        const week = this.weeks.all[this.weekOf(day)];
        const lines = this.stacks().map((series, i) => (week.values[i] ? `${swatch(series)}${escape(series.name)} <b>${number(week.values[i])}</b>` : ""));
        return lines.some(Boolean) ? lines.filter(Boolean) : ["none"];
      }
      return this.curves.map((series) => {
        const value = series.values[Math.min(day, series.values.length - 1)];
        const band = (this.spec.bands || []).find((one) => one.code && one.code === series.code);
        const usual = band ? ` <span class="simchart-quiet">usually ${number(Math.round(band.low[day]))} to ${number(Math.round(band.high[day]))}</span>` : "";
        return `${swatch(series)}${escape(series.name)} <b>${number(value)}</b>${unit}${usual}`;
      });
    }

    tipOfSpans(day) {
      const { rows } = this.spec;
      const lines = rows.map((row, i) => {
        const span = this.spanAt(i, day);
        return span ? `${swatch(span)}${row.name ? `${escape(row.name)}: ` : ""}${escape(span.title)}` : "";
      });
      return lines.some(Boolean) ? lines.filter(Boolean) : [escape(this.spec.empty || "none")];
    }

    /** Return what spans show: each label, or of named rows the state at the marked morning and the highest. */
    spansInWords() {
      const { rows, spans } = this.spec;
      if (!rows.some((row) => row.name)) return spans.map((span) => span.label).join("; ");
      const state = (row, i) => {
        const own = spans.filter((span) => span.row === i && span.from <= this.now());
        const now = this.spanAt(i, this.now());
        return `${row.name}: ${now ? now.title : "none"}, at most ${d3.max(own, (span) => span.title) || "none"}`;
      };
      return rows.map(state).join("; ");
    }

    alternative() {
      const spec = this.spec;
      const day = this.now();
      const period = `${spec.title}, ${dayText(spec.start, 0)} to ${dayText(spec.start, this.last())}.`;
      if (spec.spans) return `${period} ${this.spansInWords() || spec.empty || "none"}.`;
      if (this.weeks) return `${period} ${this.stacks().map((series) => `${series.name} ${number(d3.sum(series.values.slice(1, day + 1)))}`).join("; ")} up to ${dayText(spec.start, day)}.`;
      return `${period} ${spec.series.map((series) => `${series.name} from ${number(series.values[0])} to ${number(series.values[Math.min(day, series.values.length - 1)])} ${spec.unit || ""}`).join("; ")}.`;
    }
  }

  // Numbers of many runs --------------------------------------------------------------------------------------------

  class NumbersChart extends Chart {
    beginning() {
      return 0;
    }

    last() {
      return Math.max(this.items.length - 1, 0);
    }

    ask() {}

    axisBelow(x, parts, name) {
      for (const value of x.ticks(this.width < 420 ? 4 : 6)) {
        const at = x(value);
        parts.push(`<path class="simchart-grid" d="M${at.toFixed(1)} ${this.top}V${this.bottom + 3}"/>`, words(at, this.bottom + 16, number(value), 'text-anchor="middle" class="simchart-quiet"'));
      }
      parts.push(words((LEFT + this.right) / 2, this.bottom + 32, fitted(name, this.right - LEFT), 'text-anchor="middle" class="simchart-quiet"'));
    }

    frame() {
      this.right = this.width - 14;
      this.top = 6;
      this.bottom = this.top + HEIGHT;
      this.note.textContent = this.spec.note || "";
      put(this.key, "");
    }

    /** Say in the key what the mark of this run is: a number, or one across and one upwards. */
    keyOfMark(...values) {
      put(this.key, `<span><i class="simchart-swatch simchart-own"></i>this run <b>${values.map(number).join(", ")}</b></span>`);
    }
  }

  class HistogramChart extends NumbersChart {
    content() {
      this.frame();
      const { values, unit, mark } = this.spec;
      const marked = mark !== null && mark !== undefined;
      const all = marked ? [...values, mark] : values;
      const [low, high] = all.length ? d3.extent(all) : [0, 1];
      const whole = all.every(Number.isInteger) && high - low <= 24;
      const scale = d3.scaleLinear().domain(whole ? [low - 0.5, high + 0.5] : low === high ? [low - 1, high + 1] : [low, high]);
      if (!whole) scale.nice(12);
      const edges = whole ? d3.range(low + 0.5, high + 0.5) : scale.ticks(12);
      this.items = d3.histogram().domain(scale.domain()).thresholds(edges)(values).filter((bin) => bin.x1 > bin.x0);
      this.x = scale.range([LEFT, this.right]);
      this.y = d3.scaleLinear().domain([0, d3.max(this.items, (bin) => bin.length) || 1]).nice(3).range([this.bottom, this.top]);
      const parts = [];
      this.axisOfValues(this.y, parts);
      this.axisBelow(this.x, parts, unit || "");
      for (const bin of this.items) {
        const [x, over, y] = [this.x(bin.x0) + 0.5, this.x(bin.x1) - 0.5, this.y(bin.length)];
        parts.push(`<rect class="simchart-bin" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(over - x, 1).toFixed(1)}" height="${(this.bottom - y).toFixed(1)}"/>`);
      }
      this.whole = whole;
      if (marked) {
        parts.push(`<path class="simchart-evidence" d="M${this.x(mark).toFixed(1)} ${this.top}V${this.bottom}"/>`);
        this.keyOfMark(mark);
      }
      return { height: this.bottom + 38, parts };
    }

    position(x) {
      const value = this.x.invert(x);
      const i = this.items.findIndex((bin) => value < bin.x1);
      return i < 0 ? this.last() : i;
    }

    xOf(i) {
      return this.items.length ? this.x((this.items[i].x0 + this.items[i].x1) / 2) : LEFT;
    }

    cursorAt(i) {
      return this.items.length ? `<path class="simchart-hair" d="M${this.xOf(i).toFixed(1)} ${this.top}V${this.bottom}"/>` : "";
    }

    range(bin) {
      return this.whole ? number((bin.x0 + bin.x1) / 2) : `${number(bin.x0)} to ${number(bin.x1)}`;
    }

    tipAt(i) {
      const bin = this.items[i];
      if (!bin) return "none";
      const count = bin.length;
      return `<b>${this.range(bin)}</b> ${escape(this.spec.unit || "")}<div>${number(count)} of ${number(this.spec.values.length)} ${escape(this.spec.counted || "runs")}</div>`;
    }

    alternative() {
      const { title, values, unit } = this.spec;
      if (!values.length) return `${title}: no values yet.`;
      return `${title}: ${number(values.length)} values, middle ${number(d3.median(values))}, from ${number(d3.min(values))} to ${number(d3.max(values))} ${unit || ""}.`;
    }
  }

  class ScatterChart extends NumbersChart {
    content() {
      this.frame();
      const { x, y, mark } = this.spec;
      this.items = d3.range(Math.min(x.values.length, y.values.length)).filter((i) => x.values[i] !== null && y.values[i] !== null).map((i) => [x.values[i], y.values[i]]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const all = mark ? [...this.items, mark] : this.items;
      const domain = (i) => {
        const [low, high] = all.length ? d3.extent(all, (point) => point[i]) : [0, 1];
        return low === high ? [low - 1, high + 1] : [low, high];
      };
      this.x = d3.scaleLinear().domain(domain(0)).nice(6).range([LEFT, this.right]);
      this.y = d3.scaleLinear().domain(domain(1)).nice(3).range([this.bottom, this.top]);
      const parts = [];
      this.axisOfValues(this.y, parts);
      this.axisBelow(this.x, parts, x.name);
      for (const [a, b] of this.items) parts.push(`<circle class="simchart-dot" cx="${this.x(a).toFixed(1)}" cy="${this.y(b).toFixed(1)}" r="3"/>`);
      if (mark) {
        parts.push(`<circle class="simchart-ring" cx="${this.x(mark[0]).toFixed(1)}" cy="${this.y(mark[1]).toFixed(1)}" r="6"/>`);
        this.keyOfMark(...mark);
      }
      return { height: this.bottom + 38, parts };
    }

    position(x) {
      const i = d3.bisector((point) => this.x(point[0])).left(this.items, x);
      return Math.min(i, this.last());
    }

    xOf(i) {
      return this.items.length ? this.x(this.items[i][0]) : LEFT;
    }

    cursorAt(i) {
      if (!this.items.length) return "";
      return `<circle class="simchart-ring" cx="${this.xOf(i).toFixed(1)}" cy="${this.y(this.items[i][1]).toFixed(1)}" r="5"/>`;
    }

    tipAt(i) {
      const point = this.items[i];
      if (!point) return "none";
      return `<div>${escape(this.spec.x.name)} <b>${number(point[0])}</b></div><div>${escape(this.spec.y.name)} <b>${number(point[1])}</b></div>`;
    }

    alternative() {
      return `${this.spec.title}: ${number(this.items.length)} runs; ${this.spec.y.name} against ${this.spec.x.name}.`;
    }
  }

  const KINDS = { days: DaysChart, histogram: HistogramChart, scatter: ScatterChart };

  function chart(box, spec, hooks) {
    return new KINDS[spec.kind](box, spec, hooks);
  }

  /** Give charts one cursor, those of a group given included; return the group. */
  function link(some, group = new Set()) {
    for (const one of some) {
      one.group.delete(one);
      one.group = group;
      group.add(one);
    }
    return group;
  }

  window.Sim = Object.assign(window.Sim || {}, { chart, link });
})();
