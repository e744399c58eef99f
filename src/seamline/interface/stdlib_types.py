"""Classes of the standard library whose objects never cross, and calls that give such objects."""

import ast
from typing import Final

#: What they are to a reader, their module, and their names.
_CLASSES: Final = (
    ("a frame", "inspect", "FrameInfo"),
    ("a signature", "inspect", "BoundArguments Parameter Signature"),
    ("code", "types", "CodeType"),
    ("a view of a dictionary", "types", "MappingProxyType"),
    ("a traceback", "traceback", "FrameSummary StackSummary TracebackException"),
    ("a parser of arguments", "argparse", "Action ArgumentParser HelpFormatter"),
    ("parsed arguments", "argparse", "Namespace"),
    ("a parser of options", "optparse", "OptionParser Values"),
    ("a parser of settings", "configparser", "ConfigParser RawConfigParser SectionProxy"),
    ("a message", "email.message", "EmailMessage MIMEPart Message"),
    ("a message", "email.mime.base", "MIMEBase"),
    ("a message", "email.mime.multipart", "MIMEMultipart"),
    ("a message", "email.mime.text", "MIMEText"),
    ("a response", "http.client", "HTTPResponse"),
    ("headers of a message", "http.client", "HTTPMessage"),
    ("a connection", "http.client", "HTTPConnection HTTPSConnection"),
    ("a request", "urllib.request", "Request"),
    ("an opener of addresses", "urllib.request", "OpenerDirector"),
    ("a jar of cookies", "http.cookiejar", "CookieJar FileCookieJar MozillaCookieJar"),
    ("a connection", "smtplib", "LMTP SMTP SMTP_SSL"),
    ("a connection", "ftplib", "FTP FTP_TLS"),
    ("a connection", "imaplib", "IMAP4 IMAP4_SSL"),
    ("a connection", "poplib", "POP3 POP3_SSL"),
    ("an open archive", "zipfile", "Path ZipFile"),
    ("an entry of an archive", "zipfile", "ZipInfo"),
    ("an open archive", "tarfile", "TarFile"),
    ("an entry of an archive", "tarfile", "TarInfo"),
    ("an open file", "io", "BufferedRWPair BufferedRandom FileIO"),
    ("an open file", "gzip", "GzipFile"),
    ("an open file", "bz2", "BZ2File"),
    ("an open file", "lzma", "LZMAFile"),
    ("an open file", "mmap", "mmap"),
    ("an open file", "tempfile", "SpooledTemporaryFile"),
    ("a directory that its end removes", "tempfile", "TemporaryDirectory"),
    ("a row of SQLite", "sqlite3", "Row"),
    ("a document of XML", "xml.dom.minidom", "Document Element Node Text"),
    ("a generator of numbers", "random", "Random SystemRandom"),
    ("a hash under construction", "hmac", "HMAC"),
    ("a part of logging", "logging", "Filter Formatter Handler LogRecord LoggerAdapter"),
    ("a part of logging", "logging", "FileHandler StreamHandler"),
    ("a lock", "threading", "Barrier BoundedSemaphore Semaphore"),
    ("a thread", "threading", "Timer"),
    ("a lock", "asyncio", "Barrier BoundedSemaphore Condition Semaphore"),
    ("a queue of one event loop", "asyncio", "LifoQueue PriorityQueue"),
    ("a stream of one event loop", "asyncio", "StreamReader StreamWriter"),
    ("a task of one event loop", "asyncio", "Handle TaskGroup TimerHandle"),
    ("a process", "asyncio.subprocess", "Process"),
    ("a process", "multiprocessing", "Process"),
    ("a queue of one process", "queue", "LifoQueue PriorityQueue SimpleQueue"),
    ("a context variable", "contextvars", "Context ContextVar Token"),
    ("a stack of open contexts", "contextlib", "AsyncExitStack"),
    ("a callable", "functools", "partial"),
    ("a part of a distribution", "importlib.metadata", "Distribution EntryPoint PackagePath"),
    ("how a module is imported", "importlib.machinery", "ModuleSpec"),
    ("a comparison of texts", "difflib", "SequenceMatcher"),
    ("a parser of HTML", "html.parser", "HTMLParser"),
    ("a coder of JSON", "json", "JSONDecoder JSONEncoder"),
    ("a template", "string", "Template"),
    ("a format", "struct", "Struct"),
    ("a graph", "graphlib", "TopologicalSorter"),
    ("a context of numbers", "decimal", "Context"),
)
_OF_AST: Final = [
    name for name, cls in vars(ast).items() if isinstance(cls, type) and issubclass(cls, ast.AST)
]

#: With how a reader would call their objects.
STAYING: Final = {
    **{f"{module}.{n}": what for what, module, names in _CLASSES for n in names.split()},
    **{f"ast.{name}": "a syntax tree" for name in _OF_AST},
}
#: Calls whose result is of one of these classes, which the call does not say.
GIVING_STAYING: Final = {
    "ast.parse": "ast.Module",
    "builtins.compile": "types.CodeType",
    "email.message_from_binary_file": "email.message.Message",
    "email.message_from_bytes": "email.message.Message",
    "email.message_from_file": "email.message.Message",
    "email.message_from_string": "email.message.Message",
    "importlib.util.find_spec": "importlib.machinery.ModuleSpec",
    "inspect.signature": "inspect.Signature",
    "inspect.stack": "inspect.FrameInfo",
    "urllib.request.urlopen": "http.client.HTTPResponse",
    "xml.dom.minidom.parse": "xml.dom.minidom.Document",
    "xml.dom.minidom.parseString": "xml.dom.minidom.Document",
}
