"""The contexts of web frameworks, which travel with calls: application, request, session, ``g``.

No framework is imported here: one that the application does not use costs nothing.
"""

from seamline.frameworks.languages import changes_language
from seamline.frameworks.sqlalchemy_sessions import begin_request
from seamline.frameworks.travelling import Contexts, Frameworks

__all__ = ["Contexts", "Frameworks", "begin_request", "changes_language"]
