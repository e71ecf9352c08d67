# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Hook of the documentation's site: files outside docs/ that a page links to are part of the site.

Beside docs/ in the repository such a link works as it is; the site holds a copy under repository/.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

LINK = re.compile(r"(?<=\]\()[^)#:\s]+(?=[)#])")
DOCS, COPIES = "docs/", "repository/"


def on_files(files: Files, config: Any) -> Files:
    """Add what pages link to, and what these link to in turn."""
    root = Path(config.docs_dir).parent
    waiting = [DOCS + file.src_uri for file in files.documentation_pages()]
    while waiting:
        page = waiting.pop()
        for target in LINK.findall((root / page).read_text(encoding="utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
            uri = _place(path)
            if path.startswith(DOCS) or uri in files.src_uris or not (root / path).is_file():
                continue
            copy = File.generated(
                config, uri, abs_src_path=str(root / path), inclusion=InclusionLevel.NOT_IN_NAV
            )
            files.append(copy)
            if path.endswith(".md"):
                waiting.append(path)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point a page's links to where the site has the files."""
    here = page.file.src_uri
    path = here.removeprefix(COPIES) if here.startswith(COPIES) else DOCS + here
    folder = posixpath.dirname(path)

    def moved(link: re.Match[str]) -> str:
        uri = _place(posixpath.normpath(posixpath.join(folder, link[0])))
        return posixpath.relpath(uri, posixpath.dirname(here) or ".") if uri in files.src_uris else link[0]

    return LINK.sub(moved, markdown)


def _place(path: str) -> str:
    """Return where the site has a file of the repository."""
    return path.removeprefix(DOCS) if path.startswith(DOCS) else COPIES + path
