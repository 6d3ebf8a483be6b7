// What the scripts of a page share: elements, text inside markup, days in words. It stands before all of them.
(function () {
  "use strict";
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const DAY_MS = 86400000;

  /** Return an element with attributes, listeners ("onclick") and children; text is never read as HTML. */
  function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  /** Return text that markup shows as it is. */
  function escape(text) {
    return String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
  }

  /** Return the date of a day, counted from the start, which is an ISO date. */
  function dateOf(start, day) {
    return new Date(Date.parse(`${start}T00:00:00Z`) + day * DAY_MS);
  }

  function dayText(start, day) {
    const date = dateOf(start, day);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  }

  window.Sim = Object.assign(window.Sim || {}, { MONTHS, dateOf, dayText, element, escape });
})();
