"""How `make docs` builds these pages: Sphinx reads the Markdown, Furo is the look. Nothing is fetched from elsewhere."""

import runpy
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

HERE = Path(__file__).parent
REPOSITORY = HERE.parent

project = "Gilfoyle"
release = runpy.run_path(str(REPOSITORY / "gilfoyle" / "__init__.py"))["__version__"]
version = release
extensions = ["myst_parser"]
myst_heading_anchors = 4  # links to headings, as they are written for readers of the repository
myst_enable_extensions = ["deflist"]
exclude_patterns = ["guides/*/node_modules", "requirements.lock"]
nitpicky = True
# Shortened answers ({"id": "vid_…", …}) are shown as they are, and coloured as far as they can be read.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"Gilfoyle {release}"
html_favicon = "../gilfoyle/static/gilfoyle/mark.svg"
html_logo = html_favicon
html_static_path = ["_static"]
html_css_files = ["gilfoyle.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#3342c4", "color-brand-content": "#3342c4"},
    "dark_css_variables": {"color-brand-primary": "#9aa6ff", "color-brand-content": "#9aa6ff"},
    "footer_icons": [],
}


class PicturesFollowTheTheme(SphinxPostTransform):
    """Puts the drawings of pictures/ into the page itself, so that light and dark are the reader's choice there too."""

    default_priority = 5  # before images are copied
    formats = ("html",)

    def run(self, **_kwargs: object) -> None:
        for image in list(self.document.findall(nodes.image)):
            path = HERE / image["uri"]
            if path.parent.name == "pictures" and path.suffix == ".svg":
                drawing = path.read_text(encoding="utf-8")
                image.replace_self(nodes.raw("", f'<div class="picture">{drawing}</div>', format="html"))


class LinksOutOfTheFolder(SphinxPostTransform):
    """Says a folder or page beside docs/ by its name alone: what is built is also read where the code is not."""

    default_priority = 4  # before references are looked up

    def run(self, **_kwargs: object) -> None:
        for link in list(self.document.findall(addnodes.pending_xref)):
            target = str(link.get("reftarget", "")).partition("#")[0]
            if link.get("reftype") == "myst" and self.is_beside(target):
                link.replace_self(link.children)

    def is_beside(self, target: str) -> bool:
        """Tell whether a link that docs/ cannot answer names what the repository has."""
        path = (Path(self.env.doc2path(self.env.docname)).parent / target).resolve()
        names = (path, path.with_name(f"{path.name}.md"))
        return not path.is_relative_to(HERE) and any(name.exists() for name in names)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register what is above."""
    app.add_post_transform(LinksOutOfTheFolder)
    app.add_post_transform(PicturesFollowTheTheme)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
