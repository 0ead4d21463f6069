"""Errors become answers here and nowhere else: problem+json (RFC 9457) for programs, a page for people."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from registers.errors import DomainError
from web import i18n
from web.context import runtime

log = logging.getLogger("onewindow.web")

HTTP_WORDS: dict[int, tuple[str, str]] = {
    400: ("请求格式不正确。", "The request is malformed."),
    404: ("没有这个页面。", "There is no such page."),
    405: ("此地址不接受这种请求。", "This address does not take that kind of request."),
    413: (
        "提交的内容过大：单个文件请不超过100 MB，一次合计不超过200 MB。",
        "Too large: 100 MB a file, 200 MB in one go at most.",
    ),
    415: ("不支持的内容类型。", "Unsupported media type."),
    422: ("提交的内容有误。", "The content is not valid."),
}


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _unforeseen)


def _domain(error: DomainError) -> Any:
    errors = error.details.get("errors") or getattr(error, "errors", None)
    return answer(
        error.status,
        error.code,
        error.message(i18n.language()),
        pointer=error.pointer,
        errors=errors,
        details=error,
    )


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    zh, en = HTTP_WORDS.get(status, (error.description or "", error.description or ""))
    messages = getattr(error, "data", {}).get("messages") if hasattr(error, "data") else None
    return answer(status, f"http_{status}", en if i18n.language() == "en" else zh, errors=messages)


def _busy(error: Exception) -> Any:
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "55P03":
        log.warning("lock wait: %s", error)
    else:
        log.exception("database not available")
    response = answer(
        503,
        "busy",
        i18n.gettext("系统正忙或数据库暂时不可用，您的内容没有丢失，请几秒后重试。"),
    )
    response.headers["Retry-After"] = "3"
    return response


def _unforeseen(error: Exception) -> Any:
    reference = uuid.uuid4().hex[:8]
    log.exception("unforeseen error %s", reference)
    return answer(
        500,
        "unforeseen",
        i18n.gettext("系统出现意外错误，未保存任何半途的结果。请重试；若仍出现，请将编号告知管理员：") + reference,
        reference=reference,
    )


def answer(
    status: int,
    code: str,
    message: str,
    *,
    pointer: str | None = None,
    errors: Any = None,
    details: DomainError | None = None,
    reference: str = "",
) -> Response:
    """The error as problem+json under /api, as a page elsewhere."""
    if request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json":
        problem: dict[str, Any] = {
            "type": f"urn:onewindow:{code}",
            "title": message,
            "status": status,
            "code": code,
        }
        if pointer:
            problem["pointer"] = pointer
        if reference:
            problem["reference"] = reference
        if errors:
            problem["errors"] = plain_errors(errors)
        if details is not None and hasattr(details, "findings"):
            problem["findings"] = [vars(finding) for finding in details.findings]
        response = jsonify(problem)
        response.content_type = "application/problem+json"
    else:
        response = Response(
            render_template(
                "error.html",
                status=status,
                message=message,
                code=code,
                reference=reference,
                at=runtime().time.now(),
                bare=status >= 500,  # what the head of a page asks the database may be what failed
            ),
            content_type="text/html; charset=utf-8",
        )
    response.status_code = status
    return response


def plain_errors(errors: Any) -> Any:
    """Field errors as {"path", "zh", "en"}; anything else as it is."""
    if isinstance(errors, list):
        return [{"path": item.path, "zh": item.zh, "en": item.en} if hasattr(item, "path") else item for item in errors]
    return errors
