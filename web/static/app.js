// What pages do beside htmx: dialogs, toasts, theme and language. No inline code, no dependency.
"use strict";
(() => {
  const root = document.documentElement;

  function remember(name, value) {
    document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
  }

  // Buttons that open or close a <dialog>: data-open="id", data-close.
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-open], [data-close], [data-theme-to], [data-print]");
    if (!target) return;
    if (target.dataset.open) {
      const dialog = document.getElementById(target.dataset.open);
      if (dialog) {
        event.preventDefault();
        dialog.showModal();
      }
    } else if ("close" in target.dataset) {
      event.preventDefault();
      target.closest("dialog")?.close();
    } else if (target.dataset.themeTo) {
      const theme = target.dataset.themeTo;
      if (theme === "auto") {
        root.removeAttribute("data-theme");
        remember("sagaloom_theme", "");
      } else {
        root.setAttribute("data-theme", theme);
        remember("sagaloom_theme", theme);
      }
    } else {
      window.print();
    }
  });

  // A click on the backdrop closes a dialog.
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();
  });

  // A menu closes when one clicks elsewhere or presses Escape.
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(except)) menu.open = false;
  }
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });

  // Checkboxes that tick all others of a form: data-all="name".
  document.addEventListener("change", (event) => {
    const all = event.target.dataset?.all;
    if (!all) return;
    for (const box of document.querySelectorAll(`input[type=checkbox][name="${all}"]`)) box.checked = event.target.checked;
  });

  // A form is sent once: its buttons rest until the answer is there.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.once === undefined) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) button.setAttribute("aria-busy", "true");
  });

  // A toast goes after a while; what is an error stays until it is dismissed.
  const toasts = document.getElementById("toasts");
  if (toasts) {
    new MutationObserver((changes) => {
      for (const change of changes)
        for (const node of change.addedNodes)
          if (node instanceof HTMLElement && !node.classList.contains("error")) setTimeout(() => node.remove(), 6000);
    }).observe(toasts, { childList: true });
  }
})();
