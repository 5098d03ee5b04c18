// The backoffice beside htmx: dialogs that were loaded, what was said as a toast, chosen rows, the daily chart.
"use strict";
(() => {
  // What an action came to: a toast, told once. Without this script it stands at the top of the page.
  const said = document.querySelector("[data-toast]");
  const toasts = document.getElementById("toasts");
  if (said && toasts) {
    toasts.append(said);
    const address = new URL(location.href);
    address.searchParams.delete("said");
    history.replaceState(history.state, "", address);
  }

  // A dialog whose content has come is shown; its first field is where one goes on.
  document.addEventListener("htmx:after:swap", (event) => {
    const body = document.getElementById("dialog-body");
    const dialog = document.getElementById("dialog");
    const target = event.detail?.ctx?.target ?? event.target;
    if (!dialog || target !== body || dialog.open) return;
    dialog.showModal();
    (body.querySelector("input:not([type=hidden])") ?? body.querySelector("[data-close]"))?.focus();
  });

  // Buttons for chosen rows rest as long as none is chosen.
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    const boxes = () => [...document.querySelectorAll(`input[type=checkbox][name="${bar.dataset.bulk}"]`)];
    const count = bar.querySelector("[data-bulk-count]");
    const update = () => {
      const chosen = boxes().filter((box) => box.checked).length;
      count.textContent = chosen ? count.dataset.bulkCount.replace("{count}", chosen) : "";
      for (const button of bar.querySelectorAll("[data-needs-chosen]")) button.disabled = !chosen;
    };
    document.addEventListener("change", () => queueMicrotask(update));
    addEventListener("pageshow", update);
    update();
  }

  // A list of files closes when one was chosen or something else is clicked.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.small-menu[open]"))
      if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
  });

  // Amount by day, this year and last. The same figures stand in the table below it.
  for (const figure of document.querySelectorAll("[data-chart]")) {
    if (typeof uPlot === "undefined") break;
    const chart = JSON.parse(figure.dataset.chart);
    const scale = 10 ** chart.decimals;
    const seconds = chart.days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
    const major = (amounts) => amounts.map((amount) => amount / scale);
    const locale = chart.language === "it" ? "it-IT" : "en-GB";
    let format;
    try {
      const digits = { minimumFractionDigits: chart.decimals, maximumFractionDigits: chart.decimals };
      format = new Intl.NumberFormat(locale, { style: "currency", currency: chart.currency, ...digits });
    } catch {
      format = new Intl.NumberFormat(locale);
    }
    const short = new Intl.NumberFormat(locale, { notation: "compact" });
    const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
    const mark = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
    const money = (_, value) => (value == null ? "–" : format.format(value));
    let plot;

    const draw = () => {
      const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
      const grid = { stroke: tone("--line"), width: 1 };
      plot?.destroy();
      plot = new uPlot(
        {
          width: figure.clientWidth,
          height: 260,
          tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
          scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] } },
          axes: [
            { stroke: tone("--muted"), grid, ticks: grid, space: 70, values: (_, marks) => marks.map((at) => mark.format(at * 1000)) },
            { stroke: tone("--muted"), grid, ticks: grid, size: 56, values: (_, marks) => marks.map((value) => short.format(value)) },
          ],
          series: [
            { label: chart.labels[0], value: (_, at) => (at == null ? "–" : day.format(at * 1000)) },
            { label: chart.labels[1], stroke: tone("--this-year"), width: 2, value: money, points: { show: chart.days.length < 2 } },
            { label: chart.labels[2], stroke: tone("--last-year"), width: 1.5, dash: [3, 4], value: money, points: { show: false } },
          ],
        },
        [seconds, major(chart.now), major(chart.before)],
        figure,
      );
    };

    draw();
    new ResizeObserver(() => {
      if (plot && figure.clientWidth && plot.width !== figure.clientWidth) plot.setSize({ width: figure.clientWidth, height: 260 });
    }).observe(figure);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
})();
