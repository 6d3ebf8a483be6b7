// Opens what a page carries packed (gzip in base64): the scripts in #packed-code, the data in #packed-data, into #live.
// Without JavaScript, or in a browser that cannot open them, the page stays the plain page that it is.
(async function () {
  "use strict";
  const live = document.getElementById("live");
  const status = live.querySelector("[role=status]");
  async function opened(id) {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }
  live.hidden = false;
  if (!window.DecompressionStream) {
    status.textContent =
      "This browser is too old to open the interactive part of this page: Chrome 80, Firefox 113 and Safari 16.4 or later can. The rest of the page is complete.";
    return;
  }
  try {
    const [code, data] = await Promise.all([opened("packed-code"), opened("packed-data")]);
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
    status.remove();
    document.documentElement.classList.add("alive");
    window.Sim.live = new window.Sim[live.dataset.part](live, JSON.parse(data));
  } catch (error) {
    document.documentElement.classList.remove("alive");
    [...live.children].slice(1).forEach((child) => child.remove()); // all but the heading
    live.append(status);
    status.textContent = `The interactive part of this page cannot be opened (${error.message}). The rest of the page is complete.`;
  }
})();
