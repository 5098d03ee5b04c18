// What the console does beside htmx: counts in diagrams, zoom, dialogs of acts, jumps to a line. Pages work without it.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const STEPS = [0.25, 0.35, 0.5, 0.65, 0.8, 1, 1.3];
  const zooms = new Map();
  const places = new Map();

  function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // A count stands at the upper right corner of its state; the table beside the diagram is where it comes from.
  function count(group, text) {
    const box = group.getBBox();
    const width = 8 * text.length + 10;
    const made = element("g", { class: "count" });
    made.append(element("rect", { x: box.x + box.width - width + 8, y: box.y - 9, width, height: 18, rx: 9 }));
    const label = element("text", { x: box.x + box.width - width / 2 + 8, y: box.y + 4.5, "text-anchor": "middle" });
    label.textContent = text;
    made.append(label);
    group.append(made);
  }

  function heat() {
    const diagram = document.getElementById("machine-diagram");
    if (!diagram) return;
    for (const row of document.querySelectorAll("#states [data-state]")) {
      const group = diagram.querySelector(`#${CSS.escape("s-" + row.dataset.state)}`);
      if (!group) continue;
      group.querySelector(":scope > .count")?.remove();
      group.classList.remove(...[...group.classList].filter((name) => name.startsWith("heat-")));
      group.classList.add("clickable", `heat-${row.dataset.heat}`);
      group.dataset.href = row.dataset.href;
      if (row.dataset.count) count(group, row.dataset.count);
    }
  }

  function natural(svg) {
    return svg.viewBox.baseVal.width * (4 / 3);
  }

  function fitting(diagram, svg) {
    return Math.min(1, (diagram.clientWidth - 4) / natural(svg));
  }

  // Boxes are laid out for Arial; where another letter runs wider, lines are centred anew and drawn together to fit.
  function squeeze(svg) {
    if (svg.dataset.squeezed) return;
    svg.dataset.squeezed = "1";
    for (const group of svg.querySelectorAll(".node, .cluster")) {
      const box = group.querySelector("path, polygon")?.getBBox();
      for (const text of box ? group.querySelectorAll(":scope > text") : []) fit(text, box, group.classList.contains("node"));
    }
  }

  function fit(text, box, centred) {
    if (centred) {
      text.setAttribute("text-anchor", "middle");
      text.setAttribute("x", box.x + box.width / 2);
    }
    const room = box.width - 12;
    if (text.getComputedTextLength() <= room) return;
    text.setAttribute("textLength", room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }

  // Not smaller than can be read; what is wider scrolls.
  function zoom(diagram) {
    const svg = diagram.querySelector("svg");
    if (!svg) return;
    const scale = zooms.get(diagram.id) ?? Math.max(fitting(diagram, svg), 0.5);
    squeeze(svg);
    svg.style.width = `${Math.round(natural(svg) * scale)}px`;
    diagram.parentElement.querySelector(".diagram-tools").hidden = false;
    const [left, top] = places.get(diagram.id) ?? [];
    if (left !== undefined) diagram.scrollTo(left, top);
    else show(diagram, svg);
  }

  // What matters first: where the saga stands, else where sagas begin.
  function show(diagram, svg) {
    const wanted = svg.querySelector(".current") ?? svg.querySelector(".initial");
    if (!wanted) return;
    const there = wanted.getBoundingClientRect();
    const here = diagram.getBoundingClientRect();
    diagram.scrollTo(there.left - here.left - (here.width - there.width) / 2, there.top - here.top - (here.height - there.height) / 2);
  }

  function dress() {
    document.querySelectorAll(".diagram").forEach(zoom);
    heat();
  }

  document.addEventListener("scroll", (event) => {
    const diagram = event.target;
    if (diagram instanceof HTMLElement && diagram.matches(".diagram")) places.set(diagram.id, [diagram.scrollLeft, diagram.scrollTop]);
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (button) {
      const diagram = button.closest(".diagram-box").querySelector(".diagram");
      const svg = diagram.querySelector("svg");
      if (!svg) return;
      const now = svg.getBoundingClientRect().width / natural(svg);
      const larger = STEPS.find((step) => step > now + 0.01) ?? now;
      const smaller = STEPS.findLast((step) => step < now - 0.01) ?? now;
      zooms.set(diagram.id, { "+": larger, "-": smaller, fit: fitting(diagram, svg) }[button.dataset.zoom]);
      zoom(diagram);
      return;
    }
    const state = event.target.closest(".diagram .clickable");
    if (state) {
      location.assign(state.dataset.href);
      return;
    }
    const line = event.target.closest("[data-line]");
    if (line) jump(Number(line.dataset.line));
  });

  // To a line of the editor, else of the source below.
  function jump(line) {
    const editor = document.getElementById("source");
    if (!editor) {
      location.hash = `L${line}`;
      return;
    }
    const lines = editor.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    editor.focus();
    editor.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    editor.scrollTop = Math.max(0, (line - 8) * parseFloat(getComputedStyle(editor).lineHeight));
  }

  // The form of an act comes into the dialog, which then opens.
  const act = document.getElementById("act");
  const body = document.getElementById("act-body");
  if (act && body) {
    new MutationObserver(() => {
      if (!body.childElementCount || act.open) return;
      act.showModal();
      body.querySelector("[autofocus]")?.focus();
    }).observe(body, { childList: true });
    act.addEventListener("close", () => body.replaceChildren());
  }

  // Of many sagas at once: only the fields that the action takes.
  const deed = document.getElementById("f-act");
  function fields() {
    for (const label of document.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(deed.value);
  }
  if (deed) {
    deed.addEventListener("change", fields);
    fields();
  }

  // What is reviewed for deploying is the text as it stands, which may be newer than the last check.
  document.addEventListener("submit", (event) => {
    if (event.target.id === "review") event.target.elements.source.value = document.getElementById("source").value;
  });

  // What a part of the page was opened to stays open when the part comes anew.
  const open = new Set();
  document.addEventListener("toggle", (event) => {
    if (!event.target.id || !(event.target instanceof HTMLDetailsElement)) return;
    if (event.target.open) open.add(event.target.id);
    else if (event.target.isConnected) open.delete(event.target.id);
  }, true);

  document.addEventListener("htmx:after:swap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    dress();
  });
  dress();
})();
