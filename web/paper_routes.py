"""Routes of invoices and files."""

from __future__ import annotations

from typing import Any

from web import file_shapes, files, invoice_shapes, invoices
from web.file_answers import ANY_FILE
from web.requests import MachineQuery
from web.route import Handler, Method, Route

_INVOICES, _FILES = "Invoices", "Files"
_OF_PAYMENT = "/api/v1/payments/{id}"
_FIND = ("invalid-text", "saga-not-found", "key-ambiguous")
_PRINT = ("payload-invalid", "config-invalid", "printing-failed")
_MAKE = (*_PRINT, "action-not-possible", "stale-record", "file-not-found", "saga-not-found")


def _file(method: Method, path: str, name: str, handler: Handler, summary: str, **more: Any) -> Route:
    return Route(
        method=method, path=f"/files{path}", name=name, handler=handler, group=_FILES, summary=summary, **more
    )


PAPERS = (
    Route(method="POST", path="/print-pdf", name="printPdf", handler=invoices.print_sheet, group=_INVOICES,
          summary="An invoice as PDF, from data of the caller; nothing is kept", body=invoice_shapes.PrintOrder,
          answer=(invoices.PDF,), errors=_PRINT),
    Route(method="GET", path=f"{_OF_PAYMENT}/invoice", name="showInvoice", handler=invoices.show_invoice, group=_INVOICES,
          summary="The invoice of a payment", query=MachineQuery, answer=(invoices.PDF,), errors=(*_FIND, *_MAKE)),
    Route(method="GET", path=f"{_OF_PAYMENT}/credit-notes", name="listCreditNotes", handler=invoices.list_credit_notes,
          group=_INVOICES, summary="Credit notes of a payment that were made", query=MachineQuery,
          answer=invoice_shapes.IssuedDocuments, errors=_FIND),
    Route(method="GET", path=f"{_OF_PAYMENT}/credit-notes/{{refund}}", name="showCreditNote",
          handler=invoices.show_credit_note, group=_INVOICES, summary="The credit note of a refund", query=MachineQuery,
          answer=(invoices.PDF,), errors=("not-found", *_FIND, *_MAKE)),
    Route(method="GET", path="/api/v1/invoices", name="listInvoices", handler=invoices.list_documents, group=_INVOICES,
          summary="Invoices and credit notes, newest first", query=invoice_shapes.InvoiceQuery,
          answer=invoice_shapes.IssuedDocuments, errors=("invalid-cursor",)),
    Route(method="POST", path="/api/v1/invoices/zip", name="zipInvoices", handler=invoices.zip_invoices, group=_INVOICES,
          summary="Invoices of several payments in one file", body=invoice_shapes.ZipOrder, answer=(invoices.ZIP,),
          errors=_MAKE),
    _file("POST", "/", "addFile", files.add_file, "Keep a file", form=True, answer=file_shapes.StoredFile,
          errors=("payload-invalid",)),
    _file("POST", "/bulk", "addFiles", files.add_files, "Keep several files, all or none", form=True,
          answer=file_shapes.StoredFiles, errors=("payload-invalid",)),
    _file("GET", "/download", "downloadFiles", files.download_together, "Several files in one",
          query=file_shapes.TogetherQuery, answer=(invoices.ZIP,), errors=("file-not-found", "payload-invalid")),
    _file("GET", "/download/{file}", "downloadFile", files.download, "A file", query=file_shapes.DownloadQuery,
          answer=ANY_FILE, errors=("file-not-found", "invalid-text")),
    _file("GET", "/files/", "listFiles", files.list_files, "Files, newest first", query=file_shapes.FileListQuery,
          answer=file_shapes.StoredFiles),
    _file("PATCH", "/{file}/metadata", "describeFile", files.describe, "Change fields of a file",
          body=file_shapes.FileMetadata, answer=file_shapes.StoredFile,
          errors=("file-not-found", "payload-invalid", "stale-record")),
    _file("DELETE", "/{file}", "removeFile", files.remove, "Remove a file", answer=file_shapes.FileRemoved,
          errors=("file-not-found", "action-not-possible")),
)  # fmt: skip
