// The map of a page: a base that stays, layers of keyed elements that change with the day, columns that glide along their way.
//
//   const map = new Sim.Map(box, { pick(town, event) {}, view(view) {} });
//   map.setBase(base);                       // object of sim.pages.map_svg.MapDrawing.base
//   map.show(layers, { glide: 400 });        // layer -> key -> SVG text, of MapDrawing.layers; ms that columns take; 0 none
//   map.toggle("roads", false);  map.setView(view);  map.look(town, scale);  map.whole();  map.destroy();
//
// Zoom and drag are d3-zoom's: the wheel or two fingers zoom, one finger scrolls the page, a mouse drags.
(function () {
  "use strict";
  const MOST = 14; // times the whole map
  const REACH = 14; // px: a click this near to a town means it
  const NEAR = 1.7; // px a px of the base, from which small signs are shown
  const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500]; // km
  const SVG = "http://www.w3.org/2000/svg";

  /** Return the elements of SVG text. */
  function elements(text) {
    const holder = document.createElementNS(SVG, "g");
    holder.innerHTML = text;
    return holder;
  }

  function button(text, label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.title = label;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  class SimMap {
    constructor(box, { pick, view, label } = {}) {
      this.box = box;
      this.pick = pick || (() => {});
      this.viewed = view || (() => {});
      this.hidden = new Set(); // layers switched off
      this.shown = {}; // layer -> key -> text on the screen
      this.nodes = {}; // layer -> key -> element
      this.gliding = [];
      box.classList.add("simmap");
      box.innerHTML = "";
      this.svg = document.createElementNS(SVG, "svg");
      this.svg.setAttribute("role", "img");
      this.svg.setAttribute("aria-label", label || "Map of control (simulated)");
      this.defs = document.createElementNS(SVG, "defs");
      this.world = document.createElementNS(SVG, "g");
      this.svg.append(this.defs, this.world);
      this.buttons = document.createElement("div");
      this.buttons.className = "simmap-buttons";
      this.buttons.append(
        button("+", "Zoom in", () => this.step(1.5)),
        button("\u2212", "Zoom out", () => this.step(1 / 1.5)),
        button("\u21ba", "Whole map", () => this.whole())
      );
      this.scale = document.createElement("div");
      this.scale.className = "simmap-scale";
      this.scale.setAttribute("aria-hidden", "true");
      this.scale.innerHTML = '<span></span><div class="simmap-bar"></div>';
      box.append(this.svg, this.buttons, this.scale);
      this.zoom = d3
        .zoom()
        .filter(() => (d3.event.type === "touchstart" ? d3.event.touches.length > 1 : !d3.event.button))
        .on("zoom", () => this.draw(d3.event.transform));
      d3.select(this.svg).call(this.zoom).on("dblclick.zoom", null);
      this.svg.style.touchAction = "pan-x pan-y";
      this.svg.addEventListener("click", (event) => this.clicked(event));
      this.transform = d3.zoomIdentity;
      this.watcher = new ResizeObserver(() => this.resized());
      this.watcher.observe(box);
    }

    destroy() {
      this.watcher.disconnect();
      cancelAnimationFrame(this.frame);
    }

    // What never changes ------------------------------------------------------------------------------------------

    setBase(base) {
      this.base = base;
      this.size = { width: base.width, height: base.height };
      this.defs.innerHTML = base.defs;
      this.world.replaceChildren();
      this.shown = {};
      this.nodes = {};
      this.groups = {};
      for (const layer of base.layers) {
        const group = document.createElementNS(SVG, "g");
        group.dataset.layer = layer.name;
        group.setAttribute("stroke", base.edge[0]);
        group.setAttribute("stroke-width", base.edge[1]);
        if (layer.still) {
          group.removeAttribute("stroke");
          group.innerHTML = layer.still;
        }
        this.groups[layer.name] = group;
        this.world.append(group);
        this.toggle(layer.name, layer.shown !== false && !this.hidden.has(layer.name));
      }
      this.names = base.names.map(({ scale, svg }) => {
        const set = elements(svg).firstChild;
        this.world.append(set);
        return { scale, set };
      });
      for (const layer of base.layers) if (layer.top) this.world.append(this.groups[layer.name]);
      this.box.style.aspectRatio = `${base.width} / ${base.height}`;
      this.width = 0;
      this.resized();
    }

    toggle(layer, on) {
      if (on) this.hidden.delete(layer);
      else this.hidden.add(layer);
      if (this.groups && this.groups[layer]) this.groups[layer].style.display = on ? "" : "none";
    }

    // What changes with the day -----------------------------------------------------------------------------------

    /** Show a morning; elements whose text is the same stay as they are. */
    show(layers, { glide = 0 } = {}) {
      cancelAnimationFrame(this.frame);
      this.gliding.forEach((column) => column.put(1));
      this.gliding = [];
      for (const [name, now] of Object.entries(layers)) if (this.groups[name]) this.patch(name, now, glide);
      if (!this.gliding.length) return;
      const began = performance.now();
      const advance = (time) => {
        const share = Math.min(Math.max((time - began) / glide, 0), 1);
        this.gliding.forEach((column) => column.put(share));
        if (share < 1) this.frame = requestAnimationFrame(advance);
        else this.gliding = [];
      };
      this.frame = requestAnimationFrame(advance);
    }

    patch(name, now, glide) {
      const group = this.groups[name];
      const before = this.shown[name] || {};
      const nodes = this.nodes[name] || (this.nodes[name] = {});
      for (const key of Object.keys(before)) {
        if (key in now) continue;
        nodes[key].remove();
        delete nodes[key];
      }
      for (const [key, text] of Object.entries(now)) {
        if (before[key] === text) continue;
        const node = elements(text);
        if (nodes[key]) nodes[key].replaceWith(node);
        else group.append(node);
        nodes[key] = node;
        if (glide) this.start(node);
      }
      this.shown[name] = now;
    }

    /** Let a column that has a way move along it. */
    start(node) {
      const head = node.querySelector("[data-way]");
      if (!head) return;
      const points = head.dataset.way.split(" ").map((pair) => pair.split(",").map(Number));
      const lengths = [0];
      points.slice(1).forEach((point, i) => {
        lengths.push(lengths[i] + Math.hypot(point[0] - points[i][0], point[1] - points[i][1]));
      });
      const whole = lengths[lengths.length - 1];
      const put = (share) => {
        let i = 1;
        while (i < points.length - 1 && lengths[i] < share * whole) i += 1;
        const [a, b] = [points[i - 1], points[i]];
        const part = whole ? (share * whole - lengths[i - 1]) / (lengths[i] - lengths[i - 1] || 1) : 1;
        head.setAttribute("transform", `translate(${a[0] + (b[0] - a[0]) * part} ${a[1] + (b[1] - a[1]) * part})`);
      };
      if (points.length < 2) return;
      put(0);
      this.gliding.push({ put });
    }

    // View --------------------------------------------------------------------------------------------------------

    least() {
      return Math.min(this.width / this.size.width, this.height / this.size.height);
    }

    resized() {
      const { width, height } = this.box.getBoundingClientRect();
      if (!width || !height || !this.base) return;
      const before = this.width ? { zoom: this.transform.k / this.least(), at: this.middle() } : null;
      this.width = width;
      this.height = height;
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
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
      return this.transform.invert([this.width / 2, this.height / 2]);
    }

    /** Return the view: the middle in px of the base, and the scale as a multiple of the whole map's. */
    view() {
      const [x, y] = this.middle();
      return { x, y, zoom: this.transform.k / this.least() };
    }

    setView({ x, y, zoom }, quiet = false) {
      const scale = Math.min(Math.max(zoom, 1), MOST) * this.least();
      const to = d3.zoomIdentity.translate(this.width / 2 - x * scale, this.height / 2 - y * scale).scale(scale);
      this.quiet = quiet;
      d3.select(this.svg).call(this.zoom.transform, to);
      this.quiet = false;
    }

    /** Centre the map on a town, at least `zoom` times the whole map's scale. */
    look(town, zoom = 1) {
      const [x, y] = this.base.towns[town];
      this.setView({ x, y, zoom: Math.max(zoom, this.view().zoom) });
    }

    whole() {
      this.setView({ x: this.size.width / 2, y: this.size.height / 2, zoom: 1 });
    }

    step(factor) {
      d3.select(this.svg).call(this.zoom.scaleBy, factor);
    }

    draw(transform) {
      this.transform = transform;
      const scale = transform.k;
      this.world.setAttribute("transform", `translate(${transform.x} ${transform.y}) scale(${scale})`);
      const least = Math.min(...this.names.map((set) => set.scale));
      this.world.style.setProperty("--k", 1 / Math.sqrt(scale));
      this.world.style.setProperty("--t", 1 / Math.max(scale, least));
      const fits = this.names.filter((set) => set.scale <= scale * 1.001).map((set) => set.scale);
      const shown = fits.length ? Math.max(...fits) : least;
      this.names.forEach((set) => (set.set.style.display = set.scale === shown ? "inline" : "none"));
      this.box.classList.toggle("simmap-near", scale >= NEAR);
      const km = LENGTHS.filter((length) => length * this.base.unit * scale <= 110).pop() || LENGTHS[0];
      this.scale.firstChild.textContent = `${km} km`;
      this.scale.lastChild.style.width = `${km * this.base.unit * scale}px`;
      if (!this.quiet) this.viewed(this.view());
    }

    // Clicks ------------------------------------------------------------------------------------------------------

    clicked(event) {
      if (event.defaultPrevented) return; // the end of a drag
      const named = event.target.closest("[data-town]");
      const town = named ? Number(named.dataset.town) : this.nearest(event);
      if (town >= 0) this.pick(town, event);
    }

    nearest(event) {
      const box = this.svg.getBoundingClientRect();
      const at = [event.clientX - box.left, event.clientY - box.top];
      let [best, reach] = [-1, REACH];
      this.base.towns.forEach((town, index) => {
        const [x, y] = this.transform.apply(town);
        const away = Math.hypot(x - at[0], y - at[1]);
        if (away < reach) [best, reach] = [index, away];
      });
      return best;
    }
  }

  window.Sim = Object.assign(window.Sim || {}, { Map: SimMap });
})();
