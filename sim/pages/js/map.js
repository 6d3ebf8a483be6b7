// The map of a page: a base that stays, layers of keyed elements that change with the day, columns that glide along their way.
//
//   const map = new Sim.Map(box, { pick(town, event) {}, view(view) {}, label: "Map of control" });
//   map.setBase(base);                       // object of sim.pages.map_svg.MapDrawing.base
//   map.show(layers, { glide: 400 });        // layer -> key -> SVG text, of MapDrawing.layers; ms that columns take; 0 none
//   map.rings([[town, 13, "#1f2328", 2.6]]); // circles around towns, over all else: radius, colour and width in px
//   map.toggle("roads", false);  map.setView(view);  map.look(town, zoom);  map.travel(town, zoom, ms);  map.bringIntoView(map.base.towns[town]);  map.whole();  map.destroy();
//   map.world, map.transform                 // for marks of the page on the map
//
// The map brings its own tips (at once, by mouse, finger and keyboard), a list of towns for the keyboard, a choice between towns
// under one finger, menus of layers and of the legend, and an inset of the watched towns. The choice of layers is remembered
// for each page. Zoom and drag are d3-zoom's: the wheel or two fingers zoom, one finger scrolls the page, a mouse drags.
(function () {
  "use strict";
  const MOST = 14; // times the whole map
  const REACH = 14; // px: a mouse this near to a town means it
  const FINGER = 22; // px: a finger this near to a town may mean it
  const ROAD = 6; // px: a mouse this near to a road of the front means it
  const EDGE = 20; // px from the edge within which a town is not in view
  const CALM = 0.28; // share of the picture to each side of its middle within which a place needs no travel
  const CHOICES = 8; // most towns that one tap offers
  const INSETS = [0.36, 0.33, 0.3, 0.27, 0.24]; // sizes of the inset that are tried, as shares of the map's
  const LEAST_FOR_INSET = 460; // px of the map's width
  const PLANES = ["ground", "signs", "names", "top"]; // drawn apart, the lowest first: what moves does not repaint what stays
  const ON_TOP = new Set(["columns", "bases"]); // layers whose words may cover others
  const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500]; // km
  const SVG = "http://www.w3.org/2000/svg";
  const { element } = Sim;
  let maps = 0; // made so far, for ids

  /** Return the elements of SVG text. */
  function elements(text) {
    const holder = document.createElementNS(SVG, "g");
    holder.innerHTML = text;
    return holder;
  }

  /** Return whether a reader wants no motion. */
  function still() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  function button(text, label, act) {
    return element("button", { type: "button", "aria-label": label === text ? null : label, onclick: act }, text);
  }

  /** Return the keyframes of a way along points at one speed. */
  function along(points) {
    const lengths = [0];
    points.slice(1).forEach((point, i) => {
      lengths.push(lengths[i] + Math.hypot(point[0] - points[i][0], point[1] - points[i][1]));
    });
    const whole = lengths[lengths.length - 1] || 1;
    return points.map(([x, y], i) => ({ transform: `translate(${x}px, ${y}px)`, offset: lengths[i] / whole }));
  }

  // A drawing of the world: the map itself, and its inset ---------------------------------------------------------------

  class Sheet {
    /** Draw into a box; of the elements of towns only those that `holds(town)`. */
    constructor(box, holds) {
      this.box = box;
      this.holds = holds || (() => true);
      this.transform = d3.zoomIdentity;
      this.worlds = {}; // plane -> group of all its elements, in px of the base
      for (const plane of PLANES) {
        const svg = document.createElementNS(SVG, "svg");
        this.worlds[plane] = document.createElementNS(SVG, "g");
        svg.append(this.worlds[plane]);
        box.append(svg);
      }
    }

    /** The group over all others. */
    get world() {
      return this.worlds.top;
    }

    /** Give each plane the size in px of the box. */
    resize(width, height) {
      for (const world of Object.values(this.worlds)) world.parentNode.setAttribute("viewBox", `0 0 ${width} ${height}`);
    }

    setBase(base, names) {
      for (const world of Object.values(this.worlds)) world.replaceChildren();
      this.shown = {}; // layer -> key -> text on the screen
      this.nodes = {}; // layer -> key -> element
      this.groups = {};
      for (const layer of base.layers) {
        const group = document.createElementNS(SVG, "g");
        group.dataset.layer = layer.name;
        if (layer.still) group.innerHTML = layer.still;
        else {
          group.setAttribute("stroke", base.edge[0]);
          group.setAttribute("stroke-width", base.edge[1]);
        }
        this.groups[layer.name] = group;
        this.worlds[layer.plane].append(group);
      }
      this.names = names.map(({ scale, svg }) => {
        const set = elements(svg).firstChild;
        this.worlds.names.append(set);
        return { scale, set };
      });
      this.over = document.createElementNS(SVG, "g");
      this.world.append(this.over);
    }

    /** Bring a layer to a morning; return the elements that are new. */
    patch(name, now) {
      const group = this.groups[name];
      if (!group) return [];
      const before = this.shown[name] || {};
      const nodes = this.nodes[name] || (this.nodes[name] = {});
      for (const key of Object.keys(before)) {
        if (key in now || !nodes[key]) continue;
        nodes[key].remove();
        delete nodes[key];
      }
      const changed = Object.keys(now).filter((key) => before[key] !== now[key] && this.takes(key));
      this.shown[name] = now;
      if (!changed.length) return [];
      const fresh = [...elements(changed.map((key) => `<g>${now[key]}</g>`).join("")).children];
      changed.forEach((key, i) => {
        if (fresh[i].childElementCount === 1) fresh[i] = fresh[i].firstChild;
        if (nodes[key]) nodes[key].replaceWith(fresh[i]);
        else group.append(fresh[i]);
        nodes[key] = fresh[i];
      });
      return fresh;
    }

    /** Return whether the element of a key belongs here: all but those of towns elsewhere. */
    takes(key) {
      const town = /^[bcst](\d+)$/.exec(key);
      return !town || this.holds(Number(town[1]));
    }

    draw(transform) {
      const scale = transform.k;
      this.transform = transform;
      const least = Math.min(...this.names.map((set) => set.scale));
      for (const world of Object.values(this.worlds)) {
        world.setAttribute("transform", `translate(${transform.x} ${transform.y}) scale(${scale})`);
        world.style.setProperty("--k", 1 / Math.sqrt(scale));
        world.style.setProperty("--t", 1 / Math.max(scale, least));
      }
      const fits = this.names.filter((set) => set.scale <= scale * 1.001).map((set) => set.scale);
      const shown = fits.length ? Math.max(...fits) : least;
      this.names.forEach((set) => (set.set.style.display = set.scale === shown ? "inline" : "none"));
      this.set = this.names.find((set) => set.scale === shown).set;
    }

    /** Hide the names under flags, and the names of towns whose flag has it. */
    clearNames() {
      for (const hidden of this.worlds.names.querySelectorAll(".names .under")) hidden.classList.remove("under");
      const flags = Object.entries(this.nodes.bases || {});
      if (!flags.length || this.groups.bases.style.display === "none") return;
      flags.forEach(([, node]) => this.turnNote(node));
      const boxes = flags.map(([, node]) => node.getBoundingClientRect());
      const flown = new Set(flags.map(([key]) => key.slice(1)));
      for (const name of this.set.querySelectorAll("[data-town]")) {
        const box = name.getBoundingClientRect();
        const hit = boxes.some((f) => f.left < box.right && f.right > box.left && f.top < box.bottom && f.bottom > box.top);
        if (!hit && !flown.has(name.dataset.town)) continue;
        name.classList.add("under");
        this.set.querySelectorAll(`[data-of="${name.dataset.town}"]`).forEach((lead) => lead.classList.add("under"));
      }
    }

    /** Of numbers beside columns that cover each other leave the larger one. */
    clearNumbers() {
      const notes = Object.values(this.nodes.columns || {}).map((node) => node.querySelector("text")).filter(Boolean);
      const number = (note) => Number(note.textContent.replace(/\D/g, ""));
      const kept = [];
      for (const note of notes.sort((a, b) => number(b) - number(a))) {
        const box = note.getBoundingClientRect();
        const covered = kept.some((k) => k.left < box.right && k.right > box.left && k.top + 3 < box.bottom && k.bottom > box.top + 3);
        note.classList.toggle("under", covered);
        if (!covered) kept.push(box);
      }
    }

    /** Write the name of a flag on its other side if it would leave the picture. */
    turnNote(node) {
      const text = node.querySelector("text");
      text.setAttribute("x", 0);
      text.removeAttribute("text-anchor");
      if (text.getBoundingClientRect().right <= this.box.getBoundingClientRect().right) return;
      text.setAttribute("text-anchor", "end");
      text.setAttribute("x", -8 - node.querySelector("use").getBoundingClientRect().width);
    }

    /** Return the towns within `reach` px of a place on the screen, the nearest first. */
    near(towns, event, reach) {
      const box = this.box.getBoundingClientRect();
      const at = [event.clientX - box.left, event.clientY - box.top];
      return towns
        .map(([east, north], town) => {
          const [x, y] = this.transform.apply([east, north]);
          return { town, away: this.holds(town) ? Math.hypot(x - at[0], y - at[1]) : Infinity };
        })
        .filter((found) => found.away < reach)
        .sort((a, b) => a.away - b.away)
        .map((found) => found.town);
    }
  }

  // The map -------------------------------------------------------------------------------------------------------------

  class SimMap {
    constructor(box, { pick, view, label } = {}) {
      this.box = box;
      this.id = `simmap-${(maps += 1)}`;
      this.pick = pick || (() => {});
      this.viewed = view || (() => {});
      this.hidden = new Map(); // layer -> whether a reader or the page switched it off
      this.gliding = [];
      this.fronts = {}; // roads of the front: "12.40", towns -> words
      box.classList.add("simmap");
      box.dataset.map = this.id;
      box.innerHTML = "";
      this.dark = element("style"); // drawings carry the colours of paper
      this.sheet = element("div", { class: "simmap-sheet", role: "img", "aria-label": label || "Map of control (simulated)" });
      this.main = new Sheet(this.sheet);
      this.defs = document.createElementNS(SVG, "defs"); // of all planes
      this.main.worlds.ground.before(this.defs);
      this.scale = element("div", { class: "simmap-scale", "aria-hidden": "true" }, element("span"), element("div", { class: "simmap-bar" }));
      this.buttons = element(
        "div", { class: "simmap-buttons" },
        button("+", "Zoom in", () => this.step(1.5)),
        button("\u2212", "Zoom out", () => this.step(1 / 1.5)),
        button("\u21ba", "Whole map", () => this.whole())
      );
      this.tip = element("div", { class: "simmap-tip", "aria-hidden": "true", hidden: true }); // the list of towns reads the same words
      this.towns = this.list("towns", "Towns: arrow keys or first letters choose, Enter opens, Escape leaves", () => this.townEntries());
      this.moving = this.list("moving", "Columns on the way and roads of the front: arrow keys choose, Escape leaves", () => this.movingEntries());
      box.append(this.dark, this.towns, this.moving, this.sheet, this.buttons, this.scale, ...this.menus(), this.tip);
      this.zoom = d3
        .zoom()
        .filter(() => !d3.event.button)
        .on("zoom", () => this.draw(d3.event.transform));
      d3.select(this.sheet).call(this.zoom).on("dblclick.zoom", null);
      this.pinch(this.sheet);
      this.listen(this.sheet, () => this.main);
      this.listeners = [["keydown", (event) => event.key === "Escape" && this.close()], ["pointerdown", (event) => this.outside(event)]];
      this.listeners.forEach(([kind, act]) => document.addEventListener(kind, act));
      this.watcher = new ResizeObserver(() => this.resized());
      this.watcher.observe(box);
    }

    destroy() {
      this.watcher.disconnect();
      this.listeners.forEach(([kind, act]) => document.removeEventListener(kind, act));
      clearTimeout(this.clearing);
    }

    /** The group that holds all of the map, in px of the base: for marks of the page, after setBase. */
    get world() {
      return this.main.world;
    }

    /** The present transform from px of the base to px of the map's box. */
    get transform() {
      return this.main.transform;
    }

    // What never changes ------------------------------------------------------------------------------------------

    setBase(base) {
      this.base = base;
      this.size = { width: base.width, height: base.height };
      this.defs.innerHTML = base.defs;
      const rules = (base.dark || []).map(([selector, look]) => `[data-map="${this.id}"] :is(${selector}){${look}}`);
      this.dark.textContent = `@media screen and (prefers-color-scheme: dark){${rules.join("")}}`;
      this.main.setBase(base, base.names);
      this.ring = elements('<g class="simmap-focus" display="none"><g class="k"><circle r="13"/><circle r="13"/></g></g>').firstChild;
      this.main.world.append(this.ring);
      this.makeInset();
      this.fronts = {};
      for (const list of [this.towns, this.moving]) this.fill(list);
      this.legend.lastChild.innerHTML = base.legend || "";
      this.menu.lastChild.replaceChildren();
      const stored = this.stored();
      for (const layer of base.layers) {
        const on = layer.name in stored ? stored[layer.name] : layer.shown !== false;
        const off = this.hidden.get(layer.name);
        this.toggle(layer.name, off === undefined ? on : !off);
        this.checkbox(layer);
      }
      this.box.style.aspectRatio = `${base.width} / ${base.height}`;
      this.width = 0;
      this.resized();
    }

    /** Return the sheets there are: the map, and its inset. */
    sheets() {
      return this.inset ? [this.main, this.inset] : [this.main];
    }

    toggle(layer, on) {
      this.hidden.set(layer, !on);
      for (const sheet of this.base ? this.sheets() : []) if (sheet.groups[layer]) sheet.groups[layer].style.display = on ? "" : "none";
      const box = this.menu.querySelector(`[data-of="${layer}"]`);
      if (box) box.checked = on;
      if (this.base && ON_TOP.has(layer)) this.clearSoon();
    }

    // What changes with the day -----------------------------------------------------------------------------------

    /** Show a morning; elements whose text is the same stay as they are. */
    show(layers, { glide = 0 } = {}) {
      this.gliding.forEach((column) => column.cancel()); // it then stands where it goes
      this.gliding = [];
      const calm = still();
      for (const [name, now] of Object.entries(layers)) {
        for (const sheet of this.sheets()) {
          const fresh = sheet.patch(name, now);
          if (glide && !calm) fresh.forEach((node) => this.start(node, glide));
          if (ON_TOP.has(name) && fresh.length) this.clearSoon();
        }
      }
      if ("front tips" in layers) this.fronts = layers["front tips"];
      if (this.moving === document.activeElement) {
        this.fill(this.moving);
        this.aim(this.moving, this.moving.current);
      }
      if (!this.tip.hidden && this.tipTown >= 0) this.tell(this.townTip(this.tipTown));
      if (this.gliding.length) this.gliding[0].onfinish = () => this.clearSoon();
    }

    /** Ring towns over everything else: rows of town, radius in px, colour, width in px. */
    rings(rows) {
      const circles = rows.map(([town, radius, colour, width]) => {
        const [x, y] = this.base.towns[town];
        return `<g transform="translate(${x} ${y})" pointer-events="none"><g class="k"><circle r="${radius}" fill="none" stroke="${colour}" stroke-width="${width}"/></g></g>`;
      });
      this.sheets().forEach((sheet) => (sheet.over.innerHTML = circles.join("")));
    }

    /** Let a column that has a way move along it in `glide` ms. */
    start(node, glide) {
      const head = node.querySelector("[data-way]");
      if (!head) return;
      const points = head.dataset.way.split(" ").map((pair) => pair.split(",").map(Number));
      if (points.length > 1) this.gliding.push(head.animate(along(points), { duration: glide }));
    }

    clearSoon() {
      clearTimeout(this.clearing);
      this.clearing = setTimeout(() => {
        for (const sheet of this.sheets()) {
          if (!sheet.set) continue;
          sheet.clearNames();
          sheet.clearNumbers();
        }
      }, 60);
    }

    // View --------------------------------------------------------------------------------------------------------

    least() {
      return Math.min(this.width / this.size.width, this.height / this.size.height);
    }

    resized() {
      const { width, height } = this.box.getBoundingClientRect();
      if (!width || !height || !this.base) return;
      const before = this.width ? { zoom: this.main.transform.k / this.least(), at: this.middle() } : null;
      this.width = width;
      this.height = height;
      this.main.resize(width, height);
      const least = this.least();
      const [x, y] = [Math.max(0, (width / least - this.size.width) / 2), Math.max(0, (height / least - this.size.height) / 2)];
      this.zoom
        .extent([[0, 0], [width, height]])
        .scaleExtent([least, least * MOST])
        .translateExtent([[-x, -y], [this.size.width + x, this.size.height + y]]);
      if (before) this.setView({ x: before.at[0], y: before.at[1], zoom: before.zoom }, true);
      else this.whole();
    }

    middle() {
      return this.main.transform.invert([this.width / 2, this.height / 2]);
    }

    /** Return the view: the middle in px of the base, and the scale as a multiple of the whole map's. */
    view() {
      const [x, y] = this.middle();
      return { x, y, zoom: this.main.transform.k / this.least() };
    }

    setView({ x, y, zoom }, quiet = false) {
      const scale = Math.min(Math.max(zoom, 1), MOST) * this.least();
      const to = d3.zoomIdentity.translate(this.width / 2 - x * scale, this.height / 2 - y * scale).scale(scale);
      this.quiet = quiet;
      d3.select(this.sheet).call(this.zoom.transform, to);
      this.quiet = false;
    }

    /** Centre the map on a town, at least `zoom` times the whole map's scale. */
    look(town, zoom = 1) {
      const [x, y] = this.base.towns[town];
      this.setView({ x, y, zoom: Math.max(zoom, this.view().zoom) });
    }

    /** Let the picture travel to a town that is not in the middle of it already, in `ms`; at once if motion is not wanted. */
    travel(town, zoom, ms) {
      const before = this.main.transform;
      const [x, y] = before.apply(this.base.towns[town]);
      const inside = (at, size) => Math.abs(at / size - 0.5) < CALM;
      if (before.k >= 0.95 * zoom * this.least() && inside(x, this.width) && inside(y, this.height)) return;
      this.look(town, zoom);
      const now = this.main.transform;
      const scale = before.k / now.k;
      if (still() || !ms) return;
      const from = `translate(${before.x - scale * now.x}px, ${before.y - scale * now.y}px) scale(${scale})`;
      this.sheet.classList.add("simmap-travels"); // what lies beyond the edges is drawn too
      for (const world of Object.values(this.main.worlds)) {
        const moves = world.parentNode.animate({ transform: [from, "none"] }, { duration: ms, easing: "ease-in-out" });
        moves.onfinish = () => this.sheet.classList.remove("simmap-travels");
      }
    }

    /** Centre the map on a place that the picture does not show, or only at its edge. */
    bringIntoView(at) {
      const [x, y] = this.main.transform.apply(at);
      if (x < EDGE || y < EDGE || x > this.width - EDGE || y > this.height - EDGE) this.setView({ x: at[0], y: at[1], zoom: this.view().zoom });
    }

    whole() {
      this.setView({ x: this.size.width / 2, y: this.size.height / 2, zoom: 1 });
    }

    /** Let two fingers move and zoom the map, and leave one to the page; d3 5 would keep every finger from it. */
    pinch(sheet) {
      d3.select(sheet).on("touchstart.zoom touchmove.zoom touchend.zoom touchcancel.zoom", null);
      sheet.style.touchAction = "pan-x pan-y";
      const held = ({ touches: [a, b] }) => {
        const box = sheet.getBoundingClientRect();
        const middle = [(a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top];
        return { middle, span: Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)) };
      };
      let began = null;
      const begin = (event) => {
        began = event.touches.length === 2 ? { ...held(event), transform: this.transform } : null;
        if (began && event.cancelable) event.preventDefault();
      };
      const move = (event) => {
        if (!began || event.touches.length !== 2) return;
        if (event.cancelable) event.preventDefault();
        const { middle, span } = held(event);
        const [least, most] = this.zoom.scaleExtent();
        const scale = Math.min(Math.max((began.transform.k * span) / began.span, least), most);
        const [x, y] = began.transform.invert(began.middle);
        const to = d3.zoomIdentity.translate(middle[0] - x * scale, middle[1] - y * scale).scale(scale);
        const extent = this.zoom.extent().call(sheet);
        d3.select(sheet).call(this.zoom.transform, this.zoom.constrain()(to, extent, this.zoom.translateExtent()));
      };
      sheet.addEventListener("touchstart", begin, { passive: false });
      sheet.addEventListener("touchmove", move, { passive: false });
      for (const kind of ["touchend", "touchcancel"]) sheet.addEventListener(kind, begin);
    }

    step(factor) {
      d3.select(this.sheet).call(this.zoom.scaleBy, factor);
    }

    draw(transform) {
      this.main.draw(transform);
      const scale = transform.k;
      const km = LENGTHS.filter((length) => length * this.base.unit * scale <= 110).pop() || LENGTHS[0];
      this.scale.firstChild.textContent = `${km} km`;
      this.scale.lastChild.style.width = `${km * this.base.unit * scale}px`;
      this.placeInset();
      this.clearSoon();
      this.hideTip();
      if (!this.quiet) this.viewed(this.view());
    }

    // Inset of the watched towns --------------------------------------------------------------------------------------

    makeInset() {
      if (this.inset) this.inset.box.remove();
      if (this.closer) this.closer.remove();
      this.inset = null;
      if (!this.base.inset) return;
      const [left, top, right, bottom] = this.base.inset.box;
      const sheet = element("div", { class: "simmap-sheet simmap-inset", role: "img", "aria-label": "The watched towns, enlarged" });
      const reach = 30; // px of the base beyond the edge
      this.inset = new Sheet(sheet, (town) => {
        const [x, y] = this.base.towns[town];
        return x > left - reach && x < right + reach && y > top - reach && y < bottom + reach;
      });
      this.inset.setBase(this.base, this.base.inset.names);
      this.frameOf = elements(`<rect class="simmap-framed" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/>`).firstChild;
      this.main.worlds.signs.append(this.frameOf);
      this.closer = button("\u00d7", "Close the enlarged part", () => {
        this.insetClosed = true;
        this.placeInset();
      });
      this.closer.className = "simmap-closer";
      this.box.insertBefore(sheet, this.buttons);
      this.box.insertBefore(this.closer, this.buttons);
      this.listen(sheet, () => this.inset);
    }

    /** Put the inset into a left corner, as large as it can be without covering a town or a name; hide it if there is no room. */
    placeInset() {
      if (!this.inset) return;
      const [left, top, right, bottom] = this.base.inset.box;
      const shape = (bottom - top) / (right - left);
      const whole = this.main.transform.k < this.least() * 1.15;
      const taken = whole && !this.insetClosed && this.width >= LEAST_FOR_INSET ? this.taken() : null;
      let corner = null;
      let wide = Math.min(INSETS[0] * this.width, (INSETS[0] * this.height) / shape);
      const fits = ([x, y]) =>
        !taken.some((part) => part.left < x + wide + 5 && part.right > x && part.top < y + wide * shape + 5 && part.bottom > y);
      for (const size of taken ? INSETS : []) {
        wide = Math.min(size * this.width, (size * this.height) / shape);
        corner = [[7, 7], [7, this.height - wide * shape - 54]].find(fits);
        if (corner) break;
      }
      for (const part of [this.inset.box, this.closer, this.frameOf]) part.style.display = corner ? "" : "none";
      if (!corner) return;
      const high = wide * shape;
      Object.assign(this.inset.box.style, { left: `${corner[0]}px`, top: `${corner[1]}px`, width: `${wide}px`, height: `${high}px` });
      Object.assign(this.closer.style, { left: `${corner[0] + wide - 22}px`, top: `${corner[1] + 2}px` });
      this.inset.resize(wide, high);
      const scale = wide / (right - left);
      this.inset.draw(d3.zoomIdentity.translate(-left * scale, -top * scale).scale(scale));
    }

    /** Return the boxes in px of the map that towns and names take. */
    taken() {
      const box = this.sheet.getBoundingClientRect();
      const names = [...this.main.set.querySelectorAll(":scope > g")].map((name) => {
        const { left, top, right, bottom } = name.getBoundingClientRect();
        return { left: left - box.left, top: top - box.top, right: right - box.left, bottom: bottom - box.top };
      });
      const towns = this.base.towns.map((town) => {
        const [x, y] = this.main.transform.apply(town);
        return { left: x - 12, top: y - 12, right: x + 12, bottom: y + 12 };
      });
      return [...names, ...towns];
    }

    // Pointing and clicking --------------------------------------------------------------------------------------------

    listen(box, sheet) {
      box.addEventListener("pointerdown", (event) => (this.pointer = event.pointerType));
      box.addEventListener("click", (event) => this.clicked(event, sheet()));
      box.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.pointed(event, sheet()));
      box.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.hideTip());
    }

    /** Return the town that an event means and the words of its tip; town -1 none. */
    meant(event, sheet) {
      const named = event.target.closest("[data-town]");
      const told = event.target.closest("[data-tip]");
      if (!named && told) return { town: -1, text: told.dataset.tip };
      const [nearest = -1] = named ? [Number(named.dataset.town)] : sheet.near(this.base.towns, event, REACH);
      return { town: nearest, text: nearest >= 0 ? this.townTip(nearest) : this.roadTip(sheet, event) };
    }

    /** Return the words of the road of the front under a pointer; "" if there is none. */
    roadTip(sheet, event) {
      if (this.hidden.get("front")) return "";
      const box = sheet.box.getBoundingClientRect();
      const [x, y] = sheet.transform.invert([event.clientX - box.left, event.clientY - box.top]);
      const reach = ROAD / sheet.transform.k;
      const road = Object.keys(this.fronts).find((key) => {
        const [[ax, ay], [bx, by]] = this.ends(key);
        const share = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2);
        return share > 0 && share < 1 && Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) < reach;
      });
      return road ? this.fronts[road] : "";
    }

    /** Return the two towns of a road of the front: "12.40". */
    ends(road) {
      return road.split(".").map((town) => this.base.towns[Number(town)]);
    }

    pointed(event, sheet) {
      if (event.buttons) return this.hideTip();
      const { town, text } = this.meant(event, sheet);
      sheet.box.style.cursor = town >= 0 ? "pointer" : "";
      if (!text) return this.hideTip();
      this.tipTown = town;
      this.tell(text, event);
    }

    clicked(event, sheet) {
      if (event.defaultPrevented) return; // the end of a drag
      const byFinger = this.pointer === "touch";
      const { town, text } = this.meant(event, sheet);
      if (byFinger && !event.target.closest(".names [data-town]")) {
        const near = sheet.near(this.base.towns, event, FINGER).slice(0, CHOICES);
        if (near.length > 1) return this.choose(near, event);
        if (near.length === 1) return this.picked(near[0], event);
        this.tipTown = -1;
        if (text) this.tell(text, event);
        else this.hideTip();
      } else if (town >= 0) this.picked(town, event);
    }

    picked(town, event) {
      this.hideTip();
      this.pick(town, event);
    }

    /** Offer the towns under one finger. */
    choose(towns, event) {
      this.close();
      const buttons = towns.map((town) =>
        button(this.base.towns[town][2], this.base.towns[town][2], (click) => {
          this.close();
          this.picked(town, click);
        })
      );
      this.choice = element("div", { class: "simmap-choice", role: "group", "aria-label": "Which town?" }, ...buttons);
      this.box.append(this.choice);
      this.put(this.choice, event);
      this.choice.firstChild.focus({ preventScroll: true });
    }

    townTip(town) {
      const node = (this.main.nodes.towns || {})[`t${town}`];
      return (node && node.dataset.tip) || this.base.towns[town][2];
    }

    /** Show a tip, its first line strong; beside an event's place if there is one. */
    tell(text, event) {
      const [first, ...rest] = text.split("\n");
      this.tip.replaceChildren(element("strong", {}, first), ...rest.map((line) => element("div", {}, line)));
      this.tip.hidden = false;
      if (event) this.put(this.tip, event);
    }

    /** Put a box beside the place of an event, inside the map. */
    put(part, event) {
      const box = this.box.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      const { offsetWidth: wide, offsetHeight: high } = part;
      const left = x + 14 + wide > this.width ? x - 14 - wide : x + 14;
      const top = y + 12 + high > this.height ? y - 12 - high : y + 12;
      part.style.left = `${Math.max(2, Math.min(left, this.width - wide - 2))}px`;
      part.style.top = `${Math.max(2, Math.min(top, this.height - high - 2))}px`;
    }

    hideTip() {
      this.tip.hidden = true;
      this.tipTown = -1;
    }

    // Keyboard --------------------------------------------------------------------------------------------------------

    /** Return a list that the keyboard walks over what `entries()` gives: one stop, arrows and first letters choose, Enter opens, Escape leaves. */
    list(name, label, entries) {
      const list = element("div", {
        class: "simmap-list", id: `${this.id}-${name}`, tabindex: 0, role: "listbox", "aria-label": label,
        onkeydown: (event) => this.key(event, list),
        onfocus: () => {
          this.fill(list);
          this.aim(list, Math.max(list.current, 0));
        },
        onblur: () => {
          this.ring.setAttribute("display", "none");
          this.box.classList.remove("simmap-focused");
          this.hideTip();
        },
      });
      return Object.assign(list, { entries, rows: [], current: -1 });
    }

    /** Return the towns as the keyboard walks them: watched ones first, then the largest. */
    townEntries() {
      return (this.base.order || this.base.towns.map((_town, index) => index)).map((town) => {
        const [x, y, name] = this.base.towns[town];
        return { town, at: [x, y], name, tip: () => this.townTip(town) };
      });
    }

    /** Return the columns on the way, and the roads of the front, of the layers that are shown. */
    movingEntries() {
      const columns = this.hidden.get("columns") ? [] : Object.values(this.main.nodes.columns || {});
      const roads = this.hidden.get("front") ? [] : Object.entries(this.fronts);
      return [
        ...columns.filter((node) => node.dataset.tip).map((node) => {
          const at = node.querySelector(".head").getAttribute("transform").match(/-?[\d.]+/g).map(Number);
          return { at, name: node.dataset.tip, tip: () => node.dataset.tip };
        }),
        ...roads.map(([road, words]) => {
          const [[ax, ay], [bx, by]] = this.ends(road);
          return { at: [(ax + bx) / 2, (ay + by) / 2], name: words, tip: () => words };
        }),
      ];
    }

    /** Give a list what there is to walk over now. */
    fill(list) {
      if (!this.base) return;
      list.rows = list.entries();
      list.current = Math.min(list.current, list.rows.length - 1);
      const label = (row) => row.name.replaceAll("\n", ", ");
      list.replaceChildren(...list.rows.map((row, i) => element("div", { id: `${list.id}-${i}`, role: "option", "aria-selected": "false" }, label(row))));
      if (!list.rows.length) list.append(element("div", { role: "option", "aria-selected": "false" }, "none"));
    }

    /** Aim at an entry of a list by its place in it. */
    aim(list, place) {
      if (!list.rows.length) return;
      const before = list.children[list.current];
      if (before) before.setAttribute("aria-selected", "false");
      list.current = Math.min(Math.max(place, 0), list.rows.length - 1);
      const { at, town = -1, tip } = list.rows[list.current];
      const option = list.children[list.current];
      option.setAttribute("aria-selected", "true");
      list.setAttribute("aria-activedescendant", option.id);
      this.bringIntoView(at);
      const [x, y] = this.main.transform.apply(at);
      this.box.classList.add("simmap-focused");
      this.ring.setAttribute("transform", `translate(${at[0]} ${at[1]})`);
      this.ring.removeAttribute("display");
      const box = this.box.getBoundingClientRect();
      this.tipTown = town;
      this.tell(tip(), { clientX: x + box.left, clientY: y + box.top });
      option.textContent = tip().replaceAll("\n", ", ");
    }

    key(event, list) {
      const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { town = -1 } = list.rows[list.current] || {};
      if (event.key in moves) this.aim(list, list.current + moves[event.key]);
      else if (event.key === "Home") this.aim(list, 0);
      else if (event.key === "End") this.aim(list, list.rows.length - 1);
      else if (event.key === "Enter" && town >= 0) this.pick(town, event);
      else if (event.key === "Escape") list.blur();
      else if (/^\p{L}$/u.test(event.key)) this.seek(list, event.key);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    /** Aim at the next entry whose name begins with the letters typed within a second. */
    seek(list, letter) {
      const now = Date.now();
      this.typed = now - (this.typedAt || 0) < 1000 ? this.typed + letter : letter;
      this.typedAt = now;
      const start = this.typed.length > 1 ? list.current : list.current + 1;
      for (let i = 0; i < list.rows.length; i += 1) {
        const place = (start + i) % list.rows.length;
        if (list.rows[place].name.toLowerCase().startsWith(this.typed.toLowerCase())) return this.aim(list, place);
      }
    }

    // Menus -----------------------------------------------------------------------------------------------------------

    /** Return the buttons and panels of layers and legend. */
    menus() {
      this.bar = element("div", { class: "simmap-menus" });
      this.menu = this.panel("Layers", "fieldset");
      this.legend = this.panel("Legend", "div");
      return [this.bar, this.menu, this.legend];
    }

    panel(title, inner) {
      const panel = element("div", { class: "simmap-panel", hidden: true, id: `${this.id}-${title}`, role: "group", "aria-label": title });
      const opener = button(title, title, () => {
        const open = panel.hidden;
        this.close();
        panel.hidden = !open;
        opener.setAttribute("aria-expanded", String(open));
      });
      opener.setAttribute("aria-expanded", "false");
      opener.setAttribute("aria-controls", panel.id);
      panel.opener = opener;
      const closer = button("\u00d7", `Close ${title.toLowerCase()}`, () => {
        this.close();
        opener.focus();
      });
      closer.className = "simmap-closer";
      panel.append(closer, element(inner, { class: `simmap-${title.toLowerCase()}` }));
      this.bar.append(opener);
      return panel;
    }

    checkbox(layer) {
      const box = element("input", {
        type: "checkbox", checked: !this.hidden.get(layer.name), "data-of": layer.name,
        onchange: () => {
          this.toggle(layer.name, box.checked);
          this.store({ ...this.stored(), [layer.name]: box.checked });
        },
      });
      this.menu.lastChild.append(element("label", {}, box, layer.name[0].toUpperCase() + layer.name.slice(1)));
    }

    /** Close menus and choices. */
    close() {
      for (const panel of [this.menu, this.legend]) {
        if (panel.contains(document.activeElement) && !panel.hidden) panel.opener.focus();
        panel.hidden = true;
        panel.opener.setAttribute("aria-expanded", "false");
      }
      if (this.choice) this.choice.remove();
      this.choice = null;
      this.hideTip();
    }

    outside(event) {
      const inside = [this.menu, this.bar, this.legend, this.choice].some((part) => part && part.contains(event.target));
      if (!inside && (this.choice || !this.menu.hidden)) this.close();
    }

    stored() {
      try {
        return JSON.parse(localStorage.getItem(`simmap ${location.pathname}`)) || {};
      } catch {
        return {};
      }
    }

    store(layers) {
      try {
        localStorage.setItem(`simmap ${location.pathname}`, JSON.stringify(layers));
      } catch {
        // a page from a file may not store; the choice then ends with it
      }
    }
  }

  window.Sim = Object.assign(window.Sim || {}, { Map: SimMap });
})();
