"""What went wrong in a page that nobody asked about: refused by the policy, thrown, logged as an error, not loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Response

_LOADING = "Failed to load resource"
"""How Chromium logs an answer of 400 or more: the answer itself is looked at."""


@dataclass  # without slots: Playwright hangs its wrappers of our methods on the object
class Watch:
    """The faults of every page of a context; `expected` are statuses that the test asks for."""

    expected: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._logged)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("dialog", self._dialog)
        context.on("weberror", lambda error: self.faults.append(f"thrown: {error.error}"))
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`))"
        )

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_LOADING):
            self.faults.append(f"logged on {_where(message.page)}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # left behind by going on, or turned into a download
            self.faults.append(f"not loaded: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def _where(page: Page | None) -> str:
    return page.url if page else "?"
