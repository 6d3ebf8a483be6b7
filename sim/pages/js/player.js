// A recorded run that plays in a page without a server.
//
//   const player = new Sim.Player(box, document);   // box: an empty element; document: of sim.pages.run_document
//   player.go(14);  player.play();  player.pause();  player.openTown(3);  player.openEvent(17);
//
// Space plays and pauses, the arrow keys move a day, Escape closes the card.
(function () {
  "use strict";
  const SPEEDS = [["slow", 2], ["normal", 6], ["fast", 20], ["full speed", 30]]; // mornings a second
  const LINGER = 1300; // ms, the least that a morning with a headline stays, if Play lingers
  const HURRY = 0.5; // share of the time of a morning without a headline, if Play lingers
  const LEAST_TO_FOLLOW = 100; // ms that a morning stays
  const CLOSE = 2.4; // times the whole map, at which the map follows headlines
  const NO_COLOUR = "#B8BDC2";
  const { dayText, element } = Sim;

  function plural(count, noun) {
    return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  }

  /** Return the rings of the map around the town whose card is open: dark on white. */
  function ringsOf(town) {
    return [[town, 13, "#ffffff", 6], [town, 13, "#1f2328", 2.6]];
  }

  /** Return a line of a list: a button with a mark in a colour before its text. */
  function line(colour, text, attributes) {
    return element("button", { type: "button", class: "player-line", ...attributes }, element("i", { style: `background: ${colour}` }), text);
  }

  /** Return the choice of a town by its name, in order of names. */
  function townChoice(names, open) {
    const rows = names.map((name, town) => [town, name]).sort((a, b) => a[1].localeCompare(b[1]));
    return element(
      "select", { "aria-label": "Open a town", onchange: (event) => event.target.value && open(Number(event.target.value)) },
      ...options("open a town \u2026", rows)
    );
  }

  /** Return the options of a choice: one that chooses nothing, then rows of value and text. */
  function options(first, rows) {
    return [element("option", { value: "" }, first), ...rows.map(([value, text]) => element("option", { value }, text))];
  }

  /** Show a card with a title, and with a button that closes it. */
  function fillCard(card, title, close, ...children) {
    const shut = element("button", { type: "button", class: "player-close", "aria-label": "Close", onclick: close }, "\u00d7");
    card.replaceChildren(shut, element("h3", {}, title), ...children.filter(Boolean));
  }

  /** The layers of the map by morning: those that do not change are shared with the morning before. */
  class Mornings {
    constructor({ texts, mornings }) {
      this.texts = texts;
      this.changes = mornings;
      this.known = [];
    }

    at(day) {
      for (let next = this.known.length; next <= day; next += 1) {
        const layers = { ...(this.known[next - 1] || {}) };
        for (const [layer, changed] of Object.entries(this.changes[next])) {
          const now = { ...(layers[layer] || {}) };
          for (const [key, row] of Object.entries(changed)) {
            if (row < 0) delete now[key];
            else now[key] = this.texts[row];
          }
          layers[layer] = now;
        }
        this.known.push(layers);
      }
      return this.known[day];
    }
  }

  class Player {
    constructor(box, run) {
      this.box = box;
      this.run = run;
      this.day = 0;
      this.playing = false;
      this.opened = null; // {town} or {event}: what the card shows
      this.filter = { kind: "", side: "", words: "", all: false };
      this.mornings = new Mornings(run);
      this.colours = Object.fromEntries(run.factions.map((faction) => [faction.code, faction.colour]));
      this.days = run.mornings.map((_, day) => dayText(run.start, day));
      this.build();
      this.map = new Sim.Map(this.parts.map, { pick: (town) => this.openTown(town) });
      this.map.setBase(run.base);
      this.feed();
      this.charts();
      this.listen();
      this.go(0);
    }

    // The page ----------------------------------------------------------------------------------------------------

    build() {
      const last = this.run.days;
      const parts = (this.parts = {});
      parts.play = element("button", { type: "button", class: "player-play", onclick: () => this.toggle() }, "\u25b6 Play");
      parts.slider = element("input", {
        type: "range", min: 0, max: last, value: 0, step: 1, "aria-label": "Day",
        oninput: () => { this.pause(); this.go(Number(parts.slider.value)); },
      });
      parts.date = element("b");
      parts.count = element("span");
      parts.speed = element(
        "select", { "aria-label": "Speed" },
        ...SPEEDS.map(([name, speed]) => element("option", { value: speed, selected: name === "normal" }, name))
      );
      parts.follow = element("input", { type: "checkbox" });
      parts.linger = element("input", { type: "checkbox", checked: true });
      parts.headline = element("p", { class: "player-headline", "aria-live": "polite" });
      parts.map = element("div", { class: "player-map" });
      parts.card = element("section", { class: "player-card", tabindex: -1, hidden: true });
      parts.accords = element("div", { class: "player-accords", role: "region", tabindex: 0, "aria-label": "Agreements in force" });
      parts.feed = element("div", { class: "player-feed", role: "region", tabindex: 0, "aria-label": "Events so far, newest first" });
      parts.charts = element("div", { class: "player-charts" });
      const side = element("div", { class: "player-side" }, parts.card, parts.accords, this.filters(), parts.feed);
      this.box.append(
        element(
          "div", { class: "player-bar", role: "group", "aria-label": "Play the run" },
          parts.play,
          element("div", { class: "player-slider" }, parts.slider, this.ticks()),
          element("div", { class: "player-day" }, parts.date, parts.count),
          element(
            "div", { class: "player-options" }, parts.speed,
            element("label", {}, parts.linger, " stay on headlines"),
            element("label", {}, parts.follow, " follow them on the map")
          )
        ),
        parts.headline,
        element("div", { class: "player-main" }, parts.map, side),
        parts.charts
      );
    }

    /** Marks under the slider: mornings with a headline, and the last one with evidence. */
    ticks() {
      const at = (day) => `left: calc(8px + (100% - 16px) * ${day / Math.max(1, this.run.days)})`;
      const marks = this.run.headlines.map((text, day) => (text ? element("i", { style: at(day) }) : null));
      const end = this.run.evidence;
      if (end !== null) marks.push(element("i", { class: "player-evidence", style: at(end) }));
      return element("div", { class: "player-ticks", "aria-hidden": "true" }, ...marks);
    }

    filters() {
      const { events, factions, towns } = this.run;
      const change = (name) => (event) => { this.filter[name] = event.target.value; this.sift(); };
      const kinds = [...new Set(events.kind)].sort();
      this.parts.all = element("input", { type: "checkbox", onchange: (event) => { this.filter.all = event.target.checked; this.sift(); } });
      this.parts.towns = townChoice(towns.map((town) => town.name), (town) => this.openTown(town));
      return element(
        "div", { class: "player-filters", role: "group", "aria-label": "Events shown" },
        element("select", { "aria-label": "Kind of event", onchange: change("kind") }, ...options("all kinds", kinds.map((kind) => [kind, kind]))),
        element("select", { "aria-label": "Faction", onchange: change("side") }, ...options("all factions", factions.map((f) => [f.code, f.name]))),
        element("input", { type: "search", "aria-label": "Town or words", placeholder: "town or words", oninput: change("words") }),
        this.parts.towns,
        element("label", {}, this.parts.all, " minor events too")
      );
    }

    /** Make all lines of the feed, newest first; a day is shown from the morning after it. */
    feed() {
      const { events } = this.run;
      this.lines = events.text.map((text, row) =>
        line(this.colourOf(row), text, { "data-event": row, onclick: () => this.openEvent(row) })
      );
      const days = new Map();
      events.day.forEach((day, row) => (days.has(day) ? days.get(day).push(row) : days.set(day, [row])));
      this.sections = [...days].map(([day, rows]) => {
        const section = element("section", {}, element("h4", {}, this.days[day]), ...rows.map((row) => this.lines[row]));
        return { day, rows, section };
      });
      this.parts.none = element("p", { class: "player-none" });
      this.parts.feed.append(this.parts.none, ...this.sections.map((each) => each.section).reverse());
      this.sift();
    }

    /** Show the lines that pass the filter. A filter that names something shows minor events too. */
    sift() {
      const { events, towns } = this.run;
      const { kind, side, words, all } = this.filter;
      const wanted = words.trim().toLowerCase();
      for (const each of this.sections) {
        each.passing = 0;
        for (const row of each.rows) {
          const town = events.town[row] < 0 ? "" : towns[events.town[row]].name;
          const passes =
            (all || kind || side || wanted || events.headline[row]) &&
            (!kind || events.kind[row] === kind) &&
            (!side || events.by[row] === side || events.against[row] === side) &&
            (!wanted || `${events.text[row]} ${town}`.toLowerCase().includes(wanted));
          this.lines[row].hidden = !passes;
          each.passing += passes ? 1 : 0;
        }
      }
      this.reveal();
    }

    reveal() {
      let shown = 0;
      for (const each of this.sections) {
        each.section.hidden = !each.passing || each.day >= this.day;
        if (!each.section.hidden) shown += each.passing;
      }
      const empty = Object.values(this.filter).some(Boolean) ? "No such event so far." : "No headline so far.";
      this.parts.none.textContent = this.day ? empty : "Nothing has happened yet. Press Play.";
      this.parts.none.hidden = shown > 0;
    }

    charts() {
      this.drawn = this.run.charts.map((spec) => {
        const box = element("div", { class: "player-chart" });
        this.parts.charts.append(box);
        return Sim.chart(box, spec, { day: (day) => { this.pause(); this.go(day); } });
      });
      Sim.link(this.drawn);
      this.chartsInView = true; // out of view they cost no time while the run plays
      new IntersectionObserver(([entry]) => {
        this.chartsInView = entry.isIntersecting;
        if (this.chartsInView) this.drawn.forEach((chart) => chart.mark(this.day));
      }).observe(this.parts.charts);
    }

    listen() {
      this.inView = true;
      new IntersectionObserver(([entry]) => (this.inView = entry.isIntersecting)).observe(this.box);
      document.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
      const { target, key } = event;
      if (!this.inView || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target !== document.body && !this.box.contains(target)) return;
      if (key === "Escape" && this.opened) this.close();
      else if (target.closest("input, select, textarea, [role=img]")) return;
      else if (key === " " && !target.closest("button, summary")) this.toggle();
      else if (key === "ArrowRight") { this.pause(); this.go(this.day + 1); }
      else if (key === "ArrowLeft") { this.pause(); this.go(this.day - 1); }
      else return;
      event.preventDefault();
    }

    // Days --------------------------------------------------------------------------------------------------------

    go(day, glide = 0) {
      const { parts, run } = this;
      this.day = Math.min(Math.max(day, 0), run.days);
      this.map.show(this.mornings.at(this.day), { glide });
      parts.slider.value = this.day;
      const past = run.evidence !== null && this.day >= run.evidence;
      const count = `day ${this.day} of ${run.days}`;
      parts.slider.setAttribute("aria-valuetext", `${this.days[this.day]}, ${count}`);
      parts.date.textContent = this.days[this.day];
      parts.count.textContent = past ? `${count} \u00b7 beyond the evidence` : count;
      parts.count.classList.toggle("player-past", past);
      parts.headline.textContent = run.headlines[this.day] || "\u00a0";
      if (this.chartsInView) this.drawn.forEach((chart) => chart.mark(this.day));
      this.accords();
      this.reveal();
      if (this.opened && "town" in this.opened) this.fillTown(this.opened.town);
    }

    accords() {
      const names = this.run.accords[this.day];
      const text = names.join("\n");
      if (text === this.accordText) return;
      this.accordText = text;
      this.parts.accords.replaceChildren(
        element("h3", {}, "Agreements in force"),
        names.length ? element("ul", {}, ...names.map((name) => element("li", {}, name))) : element("p", {}, "none")
      );
    }

    /** Return how long the morning on the screen stays, in ms. */
    wait() {
      const each = 1000 / Number(this.parts.speed.value);
      if (!this.parts.linger.checked) return each;
      return this.run.headlines[this.day] ? Math.max(each, LINGER) : each * HURRY;
    }

    /** Let the map travel to the town of the headline, at speeds that leave time for it. */
    follow(stay) {
      const town = this.run.headline_towns[this.day];
      if (this.parts.follow.checked && town >= 0 && stay > LEAST_TO_FOLLOW) this.map.travel(town, CLOSE, Math.min(stay * 0.8, 700));
    }

    toggle() {
      if (this.playing) this.pause();
      else this.play();
    }

    play() {
      if (this.day >= this.run.days) this.go(0);
      this.playing = true;
      this.parts.play.textContent = "\u275a\u275a Pause";
      this.parts.headline.setAttribute("aria-live", "off");
      this.due = performance.now() + this.wait() * 0.5;
      const advance = (now) => {
        if (!this.playing) return;
        if (now >= this.due) {
          if (this.day >= this.run.days) return this.pause();
          this.day += 1;
          const stay = this.wait();
          this.go(this.day, Math.min(stay * 0.9, 900));
          this.follow(stay);
          this.due = Math.max(this.due + stay, now); // a picture that took long is not caught up with
        }
        requestAnimationFrame(advance);
      };
      requestAnimationFrame(advance);
    }

    pause() {
      this.playing = false;
      this.parts.play.textContent = "\u25b6 Play";
      this.parts.headline.setAttribute("aria-live", "polite");
    }

    // Cards -------------------------------------------------------------------------------------------------------

    openTown(town) {
      this.opened = { town };
      this.ring(town);
      this.fillTown(town);
      this.showCard();
    }

    openEvent(row) {
      this.opened = { event: row };
      this.ring(this.run.events.town[row]);
      this.fillEvent(row);
      this.showCard();
    }

    showCard() {
      this.from = this.box.contains(document.activeElement) ? document.activeElement : this.parts.play;
      this.parts.card.hidden = false;
      this.parts.card.focus({ preventScroll: true });
      this.parts.card.scrollTop = 0;
    }

    close() {
      this.opened = null;
      this.parts.card.hidden = true;
      this.parts.towns.value = "";
      this.map.rings([]);
      if (this.from && this.from.isConnected && !this.parts.card.contains(this.from)) this.from.focus({ preventScroll: true });
    }

    /** Ring a town on the map, and bring it into view. */
    ring(town) {
      if (town < 0) return this.map.rings([]);
      this.map.rings(ringsOf(town));
      this.map.bringIntoView(this.map.base.towns[town]);
    }

    fill(title, ...children) {
      this.parts.card.setAttribute("aria-label", title);
      fillCard(this.parts.card, title, () => this.close(), ...children);
    }

    fillTown(index) {
      const { run, day } = this;
      const town = run.towns[index];
      const held = town.held.filter(([first]) => first <= day);
      const rows = held.map(([first, side], i) => {
        const next = i + 1 < held.length ? held[i + 1][0] : day;
        return element("tr", {}, element("td", {}, this.days[first]), element("td", {}, `to ${this.days[next]}`), element("td", {}, side));
      });
      const standing = town.fighters.filter(([first]) => first <= day).pop().slice(1);
      const fighters = standing.map((n, f) => [n, run.factions[f].name]).filter(([n]) => n).sort((a, b) => b[0] - a[0]);
      const bases = town.bases.filter(([first, last]) => first <= day && day <= last);
      const here = run.events.text.map((_, row) => row).filter((row) => run.events.town[row] === index && run.events.day[row] < day);
      const deaths = here.reduce((sum, row) => sum + run.events.deaths[row], 0);
      const facts = [
        town.also.length ? `also ${town.also.join(", ")}` : "",
        town.people ? `about ${town.people.toLocaleString("en")} people (2004)` : "",
      ].filter(Boolean);
      this.fill(
        town.name,
        facts.length ? element("p", { class: "player-quiet" }, facts.join("; ")) : null,
        element("table", {}, element("caption", {}, "Held by"), element("tbody", {}, ...rows)),
        element("p", {}, `Fighters there: ${fighters.map(([n, name]) => `${name} ${n.toLocaleString("en")}`).join(", ") || "none"}`),
        ...bases.map(([first, , who]) => element("p", {}, `Base of ${who}, open since ${this.days[first - 1] || this.days[0]}`)),
        element("p", {}, `Killed there so far: ${deaths.toLocaleString("en")}`),
        element("h4", {}, here.length ? `${plural(here.length, "event")} there so far, newest first` : "No event there so far"),
        ...here.reverse().map((row) => this.link(row))
      );
    }

    /** Return a line of a card, with its date, that opens an event. */
    link(row) {
      const { events } = this.run;
      return line(this.colourOf(row), `${this.days[events.day[row]]}: ${events.text[row]}`, { onclick: () => this.openEvent(row) });
    }

    colourOf(row) {
      return this.colours[this.run.events.by[row]] || NO_COLOUR;
    }

    fillEvent(row) {
      const { events, towns } = this.run;
      const causes = [];
      for (let cause = events.cause[row]; cause >= 0; cause = events.cause[cause]) causes.push(cause);
      const effects = events.cause.map((cause, after) => (cause === row ? after : -1)).filter((after) => after >= 0);
      const town = events.town[row];
      const actions = element("p", { class: "player-actions" });
      if (this.day !== events.day[row] + 1)
        actions.append(element("button", { type: "button", onclick: () => { this.pause(); this.go(events.day[row] + 1); } }, "Go to this day"));
      if (town >= 0) actions.append(element("button", { type: "button", onclick: () => this.openTown(town) }, towns[town].name));
      this.fill(
        this.days[events.day[row]],
        element("p", { class: "player-event" }, events.text[row]),
        events.chance[row] ? element("p", { class: "player-quiet" }, events.chance[row]) : null,
        actions,
        element("h4", {}, causes.length ? "Because, nearest cause first" : "No cause in the log: it was given, or came of a rate that is always at work"),
        ...causes.map((cause) => this.link(cause)),
        effects.length ? element("h4", {}, "What it led to") : null,
        ...effects.map((after) => this.link(after))
      );
    }
  }

  window.Sim = Object.assign(window.Sim || {}, { Player, fillCard, line, ringsOf, townChoice });
})();
